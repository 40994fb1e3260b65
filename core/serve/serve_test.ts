// The server of the runtime that runs this test: real sockets, TLS, renewal, the end.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { Agent, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { join } from "node:path";
import { before, describe, it } from "node:test";
import { connect as connectTls, type TLSSocket } from "node:tls";
import { generate } from "selfsigned";
import { deferred, withTempDir } from "../../tests/kit.ts";
import type { Listener, ListenOptions, TlsFiles } from "./listener.ts";
import { listen } from "./mod.ts";

type Pem = { readonly cert: string; readonly private: string };
let first: Pem;
let second: Pem;

before(async () => {
  const options = { keyType: "ec", curve: "P-256" } as const;
  first = await generate([{ name: "commonName", value: "first.test" }], options);
  second = await generate([{ name: "commonName", value: "second.test" }], options);
});

describe("listen()", () => {
  it("hands over the request and the peer's address", async () => {
    await serving({ fetch: (_, { remote }) => new Response(remote) }, async ({ port }) => {
      assert.deepEqual(await get(port, "/"), { status: 200, body: "127.0.0.1" });
    });
  });

  it("refuses a port that is taken", async () => {
    await serving({ fetch: () => new Response() }, async ({ port }) => {
      await assert.rejects(listen({ hostname: "127.0.0.1", port, fetch: () => new Response() }));
    });
  });

  it("calls the handler before the body has come, and reads on when it asks", async () => {
    const called = deferred<void>();
    const fetch = async (request: Request) => {
      called.resolve();
      return new Response(await request.text());
    };
    await serving({ fetch }, async ({ port }) => {
      const answer = deferred<string>();
      const request = httpRequest({ port, method: "POST", headers: { "content-length": 10 } });
      request.on("response", async (response) => answer.resolve(await textOf(response)));
      request.write("01234");
      await called.promise;
      request.end("56789");
      assert.equal(await answer.promise, "0123456789");
    });
  });

  it("answers a request whose body nobody reads", async () => {
    await serving({ fetch: () => new Response("no", { status: 401 }) }, async ({ port }) => {
      const socket = connect({ port, host: "127.0.0.1" });
      socket.write("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\nonly a bit");
      const [line] = (await firstBytes(socket)).split("\r\n");
      assert.equal(line, "HTTP/1.1 401 Unauthorized");
      socket.destroy();
    });
  });

  it("tells a handler that its client has gone", async () => {
    const begun = deferred<void>();
    const gone = deferred<void>();
    const fetch = (request: Request) =>
      new Promise<Response>((resolve) => {
        request.signal.addEventListener("abort", () => {
          gone.resolve();
          resolve(new Response());
        });
        begun.resolve();
      });
    await serving({ fetch }, async ({ port }) => {
      const request = httpRequest({ port, method: "POST" }).on("error", () => {});
      request.end();
      await begun.promise;
      request.destroy();
      await gone.promise;
    });
  });

  it("waits for held requests when it stops, and takes no new connection", async () => {
    const begun = deferred<void>();
    const answer = deferred<Response>();
    const fetch = () => {
      begun.resolve();
      return answer.promise;
    };
    const listener = await listen({ hostname: "127.0.0.1", port: 0, fetch });
    const held = get(listener.port, "/", new Agent({ keepAlive: true }));
    await begun.promise;
    const stopped = listener.stop(60_000);
    await refusal(listener.port);
    answer.resolve(new Response("late"));
    assert.deepEqual(await held, { status: 200, body: "late" });
    await stopped;
  });

  it("cuts what is still running after the grace", async () => {
    const begun = deferred<void>();
    const fetch = () => {
      begun.resolve();
      return new Promise<Response>(() => {});
    };
    const listener = await listen({ hostname: "127.0.0.1", port: 0, fetch });
    const held = get(listener.port, "/").then(({ status }) => status, () => "cut");
    await begun.promise;
    await listener.stop(10);
    assert.ok(["cut", 503].includes(await held));
  });
});

describe("listen() with TLS", () => {
  it("uses a renewed certificate, and lets a held request go on", async () => {
    await withCertificate(first, async (tls) => {
      const begun = deferred<void>();
      const answer = deferred<Response>();
      const fetch = (request: Request) => {
        if (!request.url.endsWith("/held")) return new Response("ok");
        begun.resolve();
        return answer.promise;
      };
      await serving({ fetch, tls }, async (listener) => {
        assert.equal(await certificateOf(listener.port), "first.test");
        const held = get(listener.port, "/held", undefined, httpsRequest);
        await begun.promise;
        await write(tls, second);
        await listener.reloadTls();
        assert.equal(await certificateOf(listener.port), "second.test");
        assert.equal(await certificateOf(listener.port), "second.test");
        answer.resolve(new Response("held on"));
        assert.deepEqual(await held, { status: 200, body: "held on" });
      });
    });
  });

  it("keeps its certificate where the new files do not belong together", async () => {
    await withCertificate(first, async (tls) => {
      await serving({ fetch: () => new Response("ok"), tls }, async (listener) => {
        await writeFile(tls.cert, second.cert);
        await assert.rejects(listener.reloadTls(), /Cannot use .* is another certificate's key/);
        assert.equal(await certificateOf(listener.port), "first.test");
      });
    });
  });

  it("refuses to start on a port that is taken", async () => {
    await withCertificate(first, async (tls) => {
      const fetch = () => new Response();
      await serving({ fetch, tls }, async ({ port }) => {
        await assert.rejects(listen({ hostname: "127.0.0.1", port, fetch, tls }));
      });
    });
  });

  it("refuses a certificate that is none, naming the file", async () => {
    await withCertificate({ cert: "not PEM", private: "neither" }, async (tls) => {
      const options = { hostname: "127.0.0.1", port: 0, fetch: () => new Response(), tls };
      await assert.rejects(listen(options), /Cannot use .*cert\.pem/);
    });
  });
});

async function serving(
  options: Pick<ListenOptions, "fetch" | "tls">,
  work: (listener: Listener) => Promise<void>,
): Promise<void> {
  const listener = await listen({ hostname: "127.0.0.1", port: 0, ...options });
  try {
    await work(listener);
  } finally {
    await listener.stop(0);
  }
}

function withCertificate(pem: Pem, work: (tls: TlsFiles) => Promise<void>): Promise<void> {
  return withTempDir(async (dir) => {
    const tls = { cert: join(dir, "cert.pem"), key: join(dir, "key.pem") };
    await write(tls, pem);
    await work(tls);
  });
}

async function write(tls: TlsFiles, pem: Pem): Promise<void> {
  await writeFile(tls.cert, pem.cert);
  await writeFile(tls.key, pem.private);
}

function get(
  port: number,
  path: string,
  agent: Agent | false = false,
  request: typeof httpRequest = httpRequest,
): Promise<{ status: number; body: string }> {
  const options = { host: "127.0.0.1", port, path, agent, rejectUnauthorized: false };
  return new Promise((resolve, reject) => {
    request(options, async (response) => {
      resolve({ status: response.statusCode!, body: await textOf(response) });
    }).on("error", reject).end();
  });
}

async function textOf(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  let text = "";
  for await (const chunk of chunks) text += new TextDecoder().decode(chunk);
  return text;
}

function firstBytes(socket: ReturnType<typeof connect>): Promise<string> {
  return new Promise((resolve, reject) => {
    socket.once("data", (bytes) => resolve(String(bytes)));
    socket.once("error", reject);
  });
}

/** Waits until nothing listens on the port. */
async function refusal(port: number): Promise<void> {
  for (;;) {
    const refused = await new Promise<boolean>((resolve) => {
      const socket = connect({ port, host: "127.0.0.1" }, () => {
        socket.destroy();
        resolve(false);
      });
      socket.once("error", () => resolve(true));
    });
    if (refused) return;
  }
}

function certificateOf(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { host: "127.0.0.1", port, rejectUnauthorized: false };
    const socket: TLSSocket = connectTls(options, () => {
      resolve(String(socket.getPeerCertificate().subject.CN));
      socket.destroy();
    });
    socket.once("error", reject);
  });
}
