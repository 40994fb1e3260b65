// From a failure to what it means for a phone and what to do about it.
import { EasError, EndlessSync } from "../client/mod.ts";

/** What went wrong, in one line, and how to mend it. */
export interface Explanation {
  readonly problem: string;
  readonly fix: string;
}

/** A step took longer than a phone would wait. */
export class TooSlow extends Error {
  override name = "TooSlow";
  readonly seconds: number;
  constructor(seconds: number) {
    super(`Cannot go on: no answer within ${seconds} seconds`);
    this.seconds = seconds;
  }
}

/** A step went wrong in a way that it can explain by itself. */
export class StepFailed extends Error {
  override name = "StepFailed";
  readonly explanation: Explanation;
  constructor(problem: string, fix: string) {
    super(`Cannot go on: ${problem}`);
    this.explanation = { problem, fix };
  }
}

export function explain(error: unknown, endpoint: string): Explanation {
  if (error instanceof StepFailed) return error.explanation;
  if (error instanceof EasError) return explainAnswer(error);
  if (error instanceof TooSlow) {
    return {
      problem: `no answer within ${error.seconds} seconds`,
      fix: "Look for a firewall that drops the packets, or an overloaded server",
    };
  }
  if (error instanceof EndlessSync) {
    return { problem: error.message, fix: "This is a fault of the server: look into its log" };
  }
  if (error instanceof SyntaxError) {
    return {
      problem: error.message,
      fix:
        "Something in front of the server (proxy, login page) changes its answers, or it is no " +
        "ActiveSync server: look at what is configured for /Microsoft-Server-ActiveSync",
    };
  }
  return explainNetwork(error, new URL(endpoint));
}

const pass = "pass /Microsoft-Server-ActiveSync to it unchanged";
const elsewhere = {
  problem: "the server sends the phone elsewhere (HTTP redirect)",
  fix: `Most phones do not follow: a proxy in front must ${pass}`,
};
const answers: Readonly<Record<number, Explanation>> = {
  301: elsewhere,
  302: elsewhere,
  307: elsewhere,
  308: elsewhere,
  400: {
    problem: "the server finds the request malformed (HTTP 400)",
    fix: `Look into the server's log; a proxy in front must ${pass}, with its query`,
  },
  401: {
    problem: "the server refuses user and password (HTTP 401)",
    fix: "Check the address and the password; an app password may be wanted",
  },
  403: {
    problem: "the server refuses this user or this device (HTTP 403)",
    fix: "Allow ActiveSync for the user, and the device, in the server's administration",
  },
  404: {
    problem: "there is no ActiveSync at this address (HTTP 404)",
    fix: `Check the host name and the port; a proxy in front of the server must ${pass}`,
  },
  405: {
    problem: "the server does not take OPTIONS and POST here (HTTP 405)",
    fix: `Something else answers at this address; a proxy in front must ${pass}`,
  },
  413: {
    problem: "the request is too large (HTTP 413)",
    fix: "Raise the limit of the proxy (nginx: client_max_body_size 64m)",
  },
  449: {
    problem: "the server wants the device to be provisioned, and is not content with it (HTTP 449)",
    fix: "Look at the server's device policy",
  },
  451: {
    problem: "the server sends the device to another server again and again (HTTP 451)",
    fix: "Probe the address in its header X-MS-Location",
  },
  500: { problem: "the server failed (HTTP 500)", fix: "Look into the server's log" },
  501: {
    problem: "the server does not have this command (HTTP 501)",
    fix: "Try another --version",
  },
  502: {
    problem: "the proxy does not reach the server behind it (HTTP 502)",
    fix: "Start the server, and check the address that the proxy passes requests to",
  },
  503: {
    problem: "the server cannot answer now (HTTP 503)",
    fix: "Try again later; look into the server's log if it stays",
  },
  504: {
    problem: "the proxy did not wait for the server's answer (HTTP 504)",
    fix: "Raise the proxy's read timeout above an hour (nginx: proxy_read_timeout 3700s)",
  },
  505: {
    problem: "the server does not speak this version (HTTP 505)",
    fix: "Try another --version",
  },
  507: { problem: "the mailbox is full (HTTP 507)", fix: "Delete mail, or raise the quota" },
};

const statuses: Readonly<Record<number, Explanation>> = {
  102: { problem: "the server finds the document broken", fix: "Report this: it may be our fault" },
  111: { problem: "the server cannot answer now", fix: "Try again later" },
  116: { problem: "the server cannot find a recipient", fix: "Check the address" },
  119: { problem: "the server finds no recipient", fix: "Check the address" },
  120: { problem: "the server could not send the mail", fix: "Look into the server's log" },
  126: { problem: "ActiveSync is switched off for this user", fix: "Allow it on the server" },
  129: {
    problem: "the server blocks this device, or it waits for approval",
    fix: "Allow the device",
  },
  130: { problem: "the server denies access", fix: "Allow the device in the administration" },
  131: { problem: "the account is disabled", fix: "Enable it on the server" },
  139: { problem: "the policy asks for more than this device can", fix: "Relax the policy" },
  140: {
    problem: "the server orders to erase this device",
    fix: "Withdraw the order on the server",
  },
  177: { problem: "the user has too many devices", fix: "Remove old devices on the server" },
};

function explainAnswer({ http, status, command }: EasError): Explanation {
  if (status !== undefined) {
    const known = statuses[status];
    return {
      problem: `${known?.problem ?? "the server refuses"} (${command}, status ${status})`,
      fix: known?.fix ?? "Look into the server's log",
    };
  }
  return answers[http] ?? {
    problem: `the server answers HTTP ${http}`,
    fix: "Look at what answers at this address, and into its log",
  };
}

interface NetworkRule {
  readonly codes: RegExp;
  readonly explain: (url: URL) => Explanation;
}

// Codes of node:http and of TLS.
const networkRules: readonly NetworkRule[] = [{
  codes: /^(ENOTFOUND|EAI_AGAIN|EAI_NONAME)$/,
  explain: ({ hostname }) => ({
    problem: `nobody knows a host of the name ${hostname}`,
    fix: "Check the spelling, and that DNS has an A or AAAA record for it",
  }),
}, {
  codes: /^ECONNREFUSED$/,
  explain: ({ host }) => ({
    problem: `nothing listens at ${host}`,
    fix: "Start the server, check the port, and look whether it listens on 127.0.0.1 only",
  }),
}, {
  codes: /^(EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/,
  explain: ({ host }) => ({
    problem: `${host} cannot be reached`,
    fix: "Check the network and the firewall",
  }),
}, {
  codes: /^CERT_HAS_EXPIRED$/,
  explain: () => ({
    problem: "the server's certificate has expired",
    fix: "Renew it, and let the server or the proxy load the new one",
  }),
}, {
  codes: /^ERR_TLS_CERT_ALTNAME_INVALID$/,
  explain: ({ hostname }) => ({
    problem: `the server's certificate is for other names than ${hostname}`,
    fix: `Use a name that it covers, or get one that covers ${hostname}`,
  }),
}, {
  codes: /^(DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN)$/,
  explain: () => ({
    problem: "nobody vouches for the server's certificate: it is signed by itself",
    fix:
      "Get a certificate of a public authority: most phones accept no other. To go on here: --ca " +
      "FILE or --insecure",
  }),
}, {
  codes: /^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER_CERT(_LOCALLY)?)$/,
  explain: () => ({
    problem: "the server does not send the certificate of who signed its own",
    fix: "Serve the whole chain (fullchain.pem), not the bare certificate",
  }),
}, {
  codes: /^(EPROTO|ERR_SSL_|ERR_TLS_|CERT_)/,
  explain: ({ host }) => ({
    problem: `no TLS connection with ${host} comes about`,
    fix: "Check that this port speaks TLS, not plain HTTP; for plain HTTP write http:// in front",
  }),
}, {
  codes: /^(ECONNRESET|EPIPE|ECONNABORTED|HPE_)/,
  explain: ({ protocol }) => ({
    problem: "the connection was cut before the answer was complete",
    fix: protocol === "http:"
      ? "Check that this port speaks plain HTTP, not TLS, and look into the log of the proxy"
      : "Look into the log of the proxy and of the server",
  }),
}];

function explainNetwork(error: unknown, url: URL): Explanation {
  const code = codeOf(error);
  const rule = networkRules.find(({ codes }) => codes.test(code));
  if (rule !== undefined) return rule.explain(url);
  const message = error instanceof Error ? error.message : String(error);
  return { problem: message, fix: "Look into the server's log" };
}

function codeOf(error: unknown): string {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === "string") return code;
  return cause === undefined || cause === error ? "" : codeOf(cause);
}
