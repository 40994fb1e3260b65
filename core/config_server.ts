// What the options of the server must be together: TLS files in pairs, no plain HTTP to the world.
import type { CoreConfig } from "./config_core.ts";
import type { Layers } from "./config_layers.ts";
import type { ConfigFinding } from "./error.ts";
import { parseListen } from "./listen_address.ts";
import { isLoopback } from "./remote.ts";

/** Checks across options of `[server]`, once each is right by itself. */
export function serverFindings({ server }: CoreConfig, layers: Layers): ConfigFinding[] {
  const findings: ConfigFinding[] = [];
  const { cert, key } = server.tls;
  const add = (key: string, value: unknown, wanted: string, fix: string) =>
    findings.push({
      source: layers.sourceOf(["server", ...key.split(".")]),
      section: "server",
      key,
      value,
      wanted,
      fix,
    });
  if ((cert === "") !== (key === "")) {
    const missing = cert === "" ? "tls.cert" : "tls.key";
    add(missing, "", "a file, because the other one of cert and key is given", "give both or none");
  }
  const { hostname } = parseListen(server.listen)!;
  if (cert === "" && key === "" && server.proxy.length === 0 && !isLoopback(hostname)) {
    add(
      "listen",
      server.listen,
      "TLS, or an address of this machine only: passwords must not cross a network in plain text",
      "set server.tls.cert and server.tls.key; or, if a proxy that speaks TLS stands in front, name " +
        'it: server.proxy = ["10.0.0.5"]; or listen on 127.0.0.1',
    );
  }
  return findings;
}
