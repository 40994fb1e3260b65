// Requests over real sockets.
import assert from "node:assert/strict";
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { generate } from "selfsigned";
import { network } from "./network.ts";

/** Serves on a free port while `work` runs; `work` gets the port. */
async function serving(server: http.Server, work: (port: number) => Promise<void>): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    await work((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections?.();
    await new Promise((resolve) => server.close(resolve));
  }
}
const post = (url: string, init: RequestInit = {}) =>
  new Request(url, { method: "POST", body: "question", ...init });

describe("network()", () => {
  test("sends the body and headers, and unpacks the answer", async () => {
    const server = http.createServer(async (request, response) => {
      const body = await new Response(request as unknown as ReadableStream).text();
      const seen = [request.method, request.url, request.headers["x-test"], body].join(" ");
      response.writeHead(449, { "Content-Encoding": "gzip", "X-Answer": "yes" });
      response.end(gzipSync(seen));
    });
    await serving(server, async (port) => {
      const headers = { "X-Test": "1" };
      const response = await network()(post(`http://127.0.0.1:${port}/a?b=c`, { headers }));
      assert.equal(response.status, 449);
      assert.equal(response.headers.get("X-Answer"), "yes");
      assert.equal(await response.text(), "POST /a?b=c 1 question");
    });
  });

  test("gives an empty body for an empty answer", async () => {
    const server = http.createServer((request, response) => {
      request.resume();
      response.writeHead(request.headers["content-length"] === "0" ? 200 : 400).end();
    });
    await serving(server, async (port) => {
      const response = await network()(post(`http://127.0.0.1:${port}/`, { body: null }));
      assert.equal(response.status, 200);
      assert.equal(response.body, null);
    });
  });

  test("rejects with a code where nobody listens, and where the answer is cut", async () => {
    let port = 0;
    await serving(http.createServer(), async (free) => void (port = free));
    await assert.rejects(network()(post(`http://127.0.0.1:${port}/`)), { code: "ECONNREFUSED" });
    const cut = http.createServer((request, response) => {
      request.resume();
      response.writeHead(200, { "Content-Length": "100" });
      response.write("half", () => response.destroy());
    });
    await serving(cut, async (port) => {
      await assert.rejects(network()(post(`http://127.0.0.1:${port}/`)));
    });
  });

  test("ends a held request when its signal aborts, with the signal's reason", async () => {
    const held: http.IncomingMessage[] = [];
    const gone = Promise.withResolvers<void>();
    const stop = new AbortController();
    const server = http.createServer((request) => {
      held.push(request);
      request.socket.on("close", () => gone.resolve());
      stop.abort(new RangeError("enough"));
    });
    await serving(server, async (port) => {
      const { signal } = stop;
      await assert.rejects(network()(post(`http://127.0.0.1:${port}/`, { signal })), {
        message: "enough",
      });
      await gone.promise;
      assert.equal(held.length, 1);
    });
  });

  test("trusts a certificate that it does not know only when told to", async () => {
    const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
      extensions: [{ name: "basicConstraints", cA: true }, {
        name: "subjectAltName",
        altNames: [{ type: 7, ip: "127.0.0.1" }],
      }],
    });
    const server = https.createServer({ key, cert }, (request, response) => {
      request.resume();
      response.end("secret");
    });
    await serving(server as http.Server, async (port) => {
      const url = `https://127.0.0.1:${port}/`;
      await assert.rejects(network()(post(url)), (error: Error & { code?: string }) => {
        assert.match(error.code ?? "", /SELF_SIGNED|UNABLE_TO_VERIFY/);
        return true;
      });
      assert.equal(await (await network({ ca: cert })(post(url))).text(), "secret");
      assert.equal(await (await network({ insecure: true })(post(url))).text(), "secret");
    });
  });
});
