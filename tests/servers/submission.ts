// A submission server in front of a mail server: what tests may do with it, whatever it is made of.
import type { Certificate } from "./certificate.ts";
import type { Policy } from "./policy.ts";

/** A running submission server. People log in with the names and passwords of the mail server. */
export interface Submission {
  /** "postfix", or "stand-in" for the one that is not a product but made for tests. */
  readonly product: string;
  readonly host: "127.0.0.1";
  /** Plain SMTP; with `tls` it offers STARTTLS. */
  readonly port: number;
  /** SMTP over TLS; only with `tls`. */
  readonly tlsPort: number;
  /** Only with `tls`. */
  readonly certificate: Certificate | undefined;
  /** Decides over recipients and messages; lets everything pass unless set. */
  policy: Policy;
  /** The processes of it that live; none where it is a part of the test's own. */
  processes(): number[];
  /** Ends it as a power cut would; what it has accepted is kept. */
  kill(): Promise<void>;
  /** Starts it again at the same port. */
  restart(): Promise<void>;
  /** Ends it and removes everything. */
  stop(): Promise<void>;
}
