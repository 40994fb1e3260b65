// `host:port`, as people write where a server listens.

export interface ListenAddress {
  readonly hostname: string;
  /** 0: any free port. */
  readonly port: number;
}

/** Reads `host:port`, `[ipv6]:port` or `:port` (every address); undefined where it is none. */
export function parseListen(text: string): ListenAddress | undefined {
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]*)):(\d{1,5})$/.exec(text);
  if (!match) return undefined;
  const port = Number(match[3]);
  if (port > 65535) return undefined;
  return { hostname: match[1] ?? (match[2] || "0.0.0.0"), port };
}

/** Writes it back, with brackets around an IPv6 address. */
export function formatListen({ hostname, port }: ListenAddress): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}
