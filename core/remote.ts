// Whose request it is: addresses, networks, and what trusted proxies say.
import { BlockList, isIP, isIPv4 } from "node:net";

/** An IP address, a network in CIDR notation, or `loopback`. */
export function isNetwork(text: string): boolean {
  if (text === "loopback") return true;
  const [address, bits, ...rest] = text.split("/");
  const version = isIP(address ?? "");
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined ||
    (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** Whether an address is this machine. */
export function isLoopback(address: string): boolean {
  const plain = plainAddress(address);
  return plain === "localhost" || plain === "::1" ||
    (isIPv4(plain) && plain.startsWith("127."));
}

/** Answers whose request it is, given the peer of the connection and `X-Forwarded-For`. */
export type RemoteOf = (peer: string, forwardedFor: string | null) => string;

/**
 * Believes `X-Forwarded-For` only from `proxies`, read from the right: the first address that is
 * not itself a trusted proxy made the request. What a client writes further left counts nothing.
 */
export function remoteFrom(proxies: readonly string[]): RemoteOf {
  const trusted = matcherOf(proxies);
  return (peer, forwardedFor) => {
    let remote = plainAddress(peer);
    const chain = (forwardedFor ?? "").split(",").map((part) => plainAddress(part.trim()));
    while (trusted(remote) && chain.length > 0) {
      const next = chain.pop()!;
      if (isIP(next) === 0) break;
      remote = next;
    }
    return remote;
  };
}

function matcherOf(networks: readonly string[]): (address: string) => boolean {
  const list = new BlockList();
  for (const network of networks) {
    if (network === "loopback") {
      list.addSubnet("127.0.0.0", 8, "ipv4");
      list.addAddress("::1", "ipv6");
      continue;
    }
    const [address = "", bits] = network.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return (address) => isIP(address) !== 0 && list.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

/** Without brackets, port, zone, or the prefix of an IPv4 address inside IPv6. */
function plainAddress(text: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1];
  const withPort = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1];
  const plain = (bracketed ?? withPort ?? text).replace(/%.*$/, "").toLowerCase();
  const inside = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.[1];
  return inside ?? plain;
}
