// From what a person types to the address of ActiveSync.

/** Where every ActiveSync server lives. MS-ASHTTP 2.2.1.1.1 */
export const standardPath = "/Microsoft-Server-ActiveSync";

/**
 * The whole address: of a host (`mail.example.org`), of a base address, or of itself. Without a
 * scheme it is https, but http for this machine. Throws SyntaxError for what is no address.
 */
export function endpointOf(typed: string): string {
  const text = typed.trim();
  const bare = !/^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  const url = parse(bare ? `https://${text}` : text);
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.hostname === "") {
    throw new SyntaxError(`Cannot read the address ${JSON.stringify(typed)}`);
  }
  if (bare && isLoopback(url.hostname)) url.protocol = "http:";
  url.search = "";
  url.hash = "";
  url.username = "";
  url.password = "";
  const path = url.pathname.replace(/\/+$/, "");
  url.pathname = path.toLowerCase().endsWith(standardPath.toLowerCase())
    ? path
    : path + standardPath;
  return url.href;
}

/** The standard address on the same host. */
export function standardEndpoint(endpoint: string): string {
  return new URL(standardPath, endpoint).href;
}

function parse(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host);
}
