// What a runtime's server module offers; nothing here names a runtime.

/** What each request carries besides itself (`c.env`). */
export interface ServeEnv {
  Bindings: {
    /** The peer's address; behind a trusted proxy, the client's. */
    readonly remote: string;
  };
}

/** TLS material: PEM files, read again when they change. */
export interface TlsFiles {
  readonly cert: string;
  readonly key: string;
}

export interface ListenOptions {
  readonly hostname: string;
  /** 0: any free port. */
  readonly port: number;
  readonly tls?: TlsFiles;
  readonly fetch: (request: Request, env: ServeEnv["Bindings"]) => Response | Promise<Response>;
}

/** A running server. */
export interface Listener {
  readonly hostname: string;
  readonly port: number;
  /** Uses the certificate that the files hold now; open connections go on. */
  reloadTls(): Promise<void>;
  /** Takes no new connections, waits for running requests at most `graceMs`, then closes. */
  stop(graceMs: number): Promise<void>;
}

export type Listen = (options: ListenOptions) => Promise<Listener>;
