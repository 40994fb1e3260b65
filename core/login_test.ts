// Login: who is let in, who has to wait, and that changes count at once.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deferred } from "../tests/kit.ts";
import { type TestApp, testApp } from "../tests/kit_app.ts";
import type { Account, LoginResult } from "./accounts.ts";
import { Unavailable } from "./error.ts";
import { passwordHashing } from "./password.ts";
import { definePlugin } from "./plugin.ts";
import { accounts, type Authenticator, authenticator, login } from "./points.ts";

const home = "192.0.2.1";
const away = "198.51.100.7";

interface Scene {
  readonly app: TestApp;
  readonly ann: Account;
  try(user: string, password: string, remote?: string, client?: string): Promise<string>;
  result(user: string, password: string, remote?: string): Promise<LoginResult>;
}

async function scene(
  work: (scene: Scene) => Promise<void>,
  options: { config?: Record<string, unknown>; authenticate?: Authenticator } = {},
): Promise<void> {
  const { authenticate, config = {} } = options;
  const other = definePlugin({
    id: "other",
    summary: "",
    contributes: () => authenticate ? [authenticator.of(authenticate)] : [],
  });
  const app = await testApp({ plugins: [other], config });
  try {
    const ann = await app.addAccount({
      address: "ann@example.com",
      aliases: ["post@example.com"],
      password: "right",
    });
    const check = app.host().one(login);
    const result: Scene["result"] = (user, password, remote = home) =>
      check({ user, password, remote });
    await work({
      app,
      ann,
      result,
      async try(user, password, remote = home, client) {
        const ended = await check({ user, password, remote, ...(client ? { client } : {}) });
        return ended.ok ? ended.account.address : ended.reason;
      },
    });
  } finally {
    await app.stop();
  }
}

describe("login", () => {
  it("takes an address, an alias, a local part, and DOMAIN\\user, without case", () =>
    scene(async ({ try: attempt }) => {
      const names = [
        "ann@example.com",
        "Ann@Example.Com",
        " ann@example.com ",
        "post@example.com",
        "ann",
        "post",
        "EXAMPLE\\ann",
        "example.com\\ann",
        "\\ann",
        "WHATEVER\\ann@example.com",
      ];
      for (const name of names) assert.equal(await attempt(name, "right"), "ann@example.com", name);
    }));

  it("refuses a wrong password, an unknown user and an empty one alike", () =>
    scene(async ({ try: attempt }) => {
      for (const name of ["ann@example.com", "bob@example.com", "bob", "", "\\", "X\\", "@", "%"]) {
        assert.equal(await attempt(name, "wrong"), "wrong", name);
      }
      assert.equal(await attempt("ann@example.com", ""), "wrong");
    }));

  it("takes a local part only where it means one account, the domain deciding between two", () =>
    scene(async ({ app, try: attempt }) => {
      await app.addAccount({ address: "ann@example.org", password: "right" });
      assert.equal(await attempt("ann", "right"), "wrong");
      assert.equal(await attempt("NETBIOS\\ann", "right"), "wrong");
      assert.equal(await attempt("example.org\\ann", "right"), "ann@example.org");
      assert.equal(await attempt("post", "right"), "ann@example.com");
    }));

  it("does not take a part of a local part, nor patterns", () =>
    scene(async ({ try: attempt }) => {
      for (const name of ["an", "an_", "%", "ann%", "*", "ann@", "ann@example"]) {
        assert.equal(await attempt(name, "right"), "wrong", name);
      }
    }));

  it("tells that an account is disabled only to who knows its password", () =>
    scene(async ({ app, ann, try: attempt }) => {
      await app.host().one(accounts).setDisabled(ann.id, true);
      assert.equal(await attempt("ann", "right"), "disabled");
      assert.equal(await attempt("ann", "wrong"), "wrong");
    }));

  it("notices at once what another process changes", () =>
    scene(async ({ app, ann, try: attempt }) => {
      const store = app.host().one(accounts);
      assert.equal(await attempt("ann", "right"), "ann@example.com");
      await store.setPassword(ann.id, "newer");
      assert.equal(await attempt("ann", "right"), "wrong");
      assert.equal(await attempt("ann", "newer"), "ann@example.com");
      await app.db.run("UPDATE core_account SET disabled = 1");
      assert.equal(await attempt("ann", "newer"), "disabled");
      await app.db.run("DELETE FROM core_alias");
      await app.db.run("DELETE FROM core_account");
      assert.equal(await attempt("ann", "newer"), "wrong");
    }));

  it("replaces a hash of an older cost", () =>
    scene(async ({ app, try: attempt }) => {
      const old = await passwordHashing({ ln: 3, r: 8, p: 1 }).hash("right");
      await app.db.run("UPDATE core_account SET password = ?", [old]);
      assert.equal(await attempt("ann", "right"), "ann@example.com");
      const [row] = await app.db.all<{ password: string }>("SELECT password FROM core_account");
      assert.match(row!.password, /^\$scrypt\$ln=4,/);
      assert.equal(await attempt("ann", "right"), "ann@example.com");
    }));

  it("counts its outcomes for the metrics", () =>
    scene(async ({ app, try: attempt }) => {
      await attempt("ann", "right");
      await attempt("ann", "wrong");
      await attempt("ann", "wrong");
      const metrics = await (await app.fetch("/metrics")).text();
      assert.match(metrics, /navette_logins_total\{outcome="ok"\} 1/);
      assert.match(metrics, /navette_logins_total\{outcome="wrong"\} 2/);
    }));

  it("never logs a password", () =>
    scene(async ({ app, try: attempt }) => {
      await attempt("ann", "the-secret-word");
      const lines = app.logged.join("");
      assert.match(lines, /Login failed/);
      assert.doesNotMatch(lines, /the-secret-word/);
    }));
});

describe("login with an app password", () => {
  async function withAppPassword(
    work: (scene: Scene & { password: string }) => Promise<void>,
  ): Promise<void> {
    await scene(async (given) => {
      const store = given.app.host().one(accounts);
      const { password } = await store.addAppPassword(given.ann.id, "phone");
      await work({ ...given, password });
    });
  }

  it("works for the account, however it is typed, and for no other account", () =>
    withAppPassword(async ({ app, try: attempt, password }) => {
      await app.addAccount({ address: "bob@example.com" });
      assert.equal(await attempt("ann", password), "ann@example.com");
      assert.equal(
        await attempt("ann", password.toUpperCase().replaceAll("-", " ")),
        "ann@example.com",
      );
      assert.equal(await attempt("bob", password), "wrong");
    }));

  it("is bound to the first client that shows one, and refused to others and to none", () =>
    withAppPassword(async ({ app, ann, try: attempt, password }) => {
      assert.equal(await attempt("ann", password), "ann@example.com");
      assert.equal(await attempt("ann", password, home, "phone-1"), "ann@example.com");
      assert.equal(await attempt("ann", password, home, "phone-2"), "wrong");
      assert.equal(await attempt("ann", password), "wrong");
      assert.equal(await attempt("ann", password, away, "phone-1"), "ann@example.com");
      const [kept] = await app.host().one(accounts).appPasswords(ann.id);
      assert.equal(kept!.client, "phone-1");
    }));

  it("is not bound by a client that only tries the account out", () =>
    withAppPassword(async ({ try: attempt, password }) => {
      assert.equal(await attempt("ann", password, home, "validate"), "ann@example.com");
      assert.equal(await attempt("ann", password, home, "phone-1"), "ann@example.com");
      assert.equal(await attempt("ann", password, home, "validate"), "wrong");
    }));

  it("is bound to one where two clients come together", () =>
    withAppPassword(async ({ try: attempt, password }) => {
      const ended = await Promise.all(
        ["phone-1", "phone-2", "phone-3"].map((client) => attempt("ann", password, home, client)),
      );
      assert.equal(ended.filter((end) => end === "ann@example.com").length, 1);
    }));

  it("ends when it is revoked, and when the account is disabled", () =>
    withAppPassword(async ({ app, ann, try: attempt, password }) => {
      const store = app.host().one(accounts);
      await store.setDisabled(ann.id, true);
      assert.equal(await attempt("ann", password), "disabled");
      await store.setDisabled(ann.id, false);
      const [kept] = await store.appPasswords(ann.id);
      await store.revokeAppPassword(ann.id, kept!.id);
      assert.equal(await attempt("ann", password), "wrong");
    }));

  it("remembers when it was used, without a write for each request", () =>
    withAppPassword(async ({ app, ann, try: attempt, password }) => {
      const used = async () => (await app.host().one(accounts).appPasswords(ann.id))[0]!.used;
      const first = app.clock.now();
      await attempt("ann", password, home, "phone");
      assert.equal(await used(), first);
      await app.clock.tick(60_000);
      await attempt("ann", password, home, "phone");
      assert.equal(await used(), first);
      await app.clock.tick(3600_000);
      await attempt("ann", password, home, "phone");
      assert.equal(await used(), app.clock.now());
    }));
});

describe("login under the limit", () => {
  const config = { login: { accountFailures: 3, addressFailures: 5, window: 600 } };

  async function guess(attempt: Scene["try"], user: string, times: number, remote = home) {
    for (let i = 0; i < times; i++) await attempt(user, `guess ${i}`, remote);
  }

  it("makes a guesser wait, also with the right password, until the window is over", () =>
    scene(async ({ app, try: attempt, result }) => {
      await guess(attempt, "ann", 3);
      assert.deepEqual(await result("ann", "right"), {
        ok: false,
        reason: "limited",
        retryAfter: 600,
      });
      await app.clock.tick(599_000);
      assert.deepEqual(await result("ann", "right"), {
        ok: false,
        reason: "limited",
        retryAfter: 1,
      });
      await app.clock.tick(1000);
      assert.equal(await attempt("ann", "right"), "ann@example.com");
    }, { config }));

  it("does not lock the owner out elsewhere", () =>
    scene(async ({ try: attempt }) => {
      await guess(attempt, "ann", 10, away);
      assert.equal(await attempt("ann", "right", away), "limited");
      assert.equal(await attempt("ann", "right", home), "ann@example.com");
    }, { config }));

  it("counts a wrong password once, however often it comes", () =>
    scene(async ({ try: attempt }) => {
      for (let i = 0; i < 20; i++) assert.equal(await attempt("ann", "old one"), "wrong");
      assert.equal(await attempt("ann", "right"), "ann@example.com");
    }, { config }));

  it("counts a user as one however the domain is written", () =>
    scene(async ({ try: attempt }) => {
      await attempt("ann", "a");
      await attempt("X\\ann", "b");
      await attempt("Y\\ANN", "c");
      assert.equal(await attempt("ann", "right"), "limited");
    }, { config }));

  it("forgets the failures of a pair that logs in", () =>
    scene(async ({ try: attempt }) => {
      await guess(attempt, "ann", 2);
      await attempt("ann", "right");
      await guess(attempt, "ann", 2);
      assert.equal(await attempt("ann", "right"), "ann@example.com");
    }, { config }));

  it("makes an address wait that tries many accounts, but not who has logged in from there", () =>
    scene(async ({ app, try: attempt }) => {
      await app.addAccount({ address: "bob@example.com", password: "right" });
      assert.equal(await attempt("ann", "right"), "ann@example.com");
      for (let i = 0; i < 5; i++) await attempt(`user${i}`, "spring2026");
      assert.equal(await attempt("bob", "right"), "limited");
      assert.equal(await attempt("ann", "right"), "ann@example.com");
      assert.equal(await attempt("bob", "right", away), "bob@example.com");
    }, { config }));

  it("counts the addresses of one IPv6 network together", () =>
    scene(async ({ try: attempt }) => {
      for (let i = 0; i < 3; i++) await attempt("ann", `guess ${i}`, `2001:db8:0:1::${i}`);
      assert.equal(await attempt("ann", "right", "2001:0db8:0000:0001:ffff::9"), "limited");
      assert.equal(await attempt("ann", "right", "2001:db8:0:2::1"), "ann@example.com");
    }, { config }));

  it("does not let guesses that come together outrun it", () =>
    scene(async ({ app, try: attempt }) => {
      const guesses = Array.from({ length: 20 }, (_, i) => attempt("ann", `guess ${i}`));
      const ended = await Promise.all(guesses);
      assert.equal(ended.filter((end) => end === "wrong").length, 3);
      assert.equal(ended.filter((end) => end === "limited").length, 17);
      await app.clock.tick(600_000);
      assert.equal(await attempt("ann", "right"), "ann@example.com");
    }, { config }));

  it("lets one client's many requests with the right password through together", () =>
    scene(async ({ try: attempt }) => {
      const ended = await Promise.all(Array.from({ length: 20 }, () => attempt("ann", "right")));
      assert.deepEqual(new Set(ended), new Set(["ann@example.com"]));
    }, { config }));
});

describe("login with further authenticators", () => {
  it("lets in whom one of them knows", () =>
    scene(async ({ try: attempt }) => {
      assert.equal(await attempt("ann", "elsewhere"), "x@example.org");
      assert.equal(await attempt("ann", "right"), "ann@example.com");
    }, {
      authenticate: async ({ password }) => password === "elsewhere" ? somebody : undefined,
    }));

  it("is unavailable where one cannot tell and no other knows them: not wrong, not counted", () =>
    scene(async ({ app, try: attempt }) => {
      for (let i = 0; i < 20; i++) await assert.rejects(attempt("ann", `x${i}`), Unavailable);
      assert.equal(await attempt("ann", "right"), "ann@example.com");
      const told = app.logged.find((line) => line.includes("Login has to wait"));
      const { level, user, reason } = JSON.parse(told!);
      assert.deepEqual([level, user, reason], ["warn", "ann", "Cannot reach the directory"]);
    }, {
      authenticate: async () => {
        throw new Unavailable("Cannot reach the directory");
      },
      config: { login: { accountFailures: 3 } },
    }));

  it("takes one that fails as one that cannot tell, and logs it", () =>
    scene(async ({ app, try: attempt }) => {
      await assert.rejects(attempt("ann", "wrong"), Unavailable);
      assert.match(app.logged.join(""), /An authenticator failed/);
    }, {
      authenticate: async () => {
        throw new TypeError("oops");
      },
    }));

  it("asks once for requests that come together", () => {
    let asked = 0;
    const answer = deferred<Account | undefined>();
    return scene(async ({ try: attempt }) => {
      const both = Promise.all([attempt("eve", "x"), attempt("eve", "x")]);
      answer.resolve(somebody);
      assert.deepEqual(await both, ["x@example.org", "x@example.org"]);
      assert.equal(asked, 1);
    }, {
      authenticate: () => {
        asked++;
        return answer.promise;
      },
    });
  });
});

/** Claims those who type a whole address of example.com. */
function claiming(
  answer: Authenticator,
  claims: NonNullable<Authenticator["claims"]> = ({ user }) => user.includes("@example.com"),
): Authenticator {
  return Object.assign((who: Parameters<Authenticator>[0]) => answer(who), { claims });
}

describe("login of users whom an authenticator claims", () => {
  it("asks nobody else: not even the account's own password lets them in", () =>
    scene(async ({ try: attempt }) => {
      assert.equal(await attempt("ann@example.com", "right"), "wrong");
      assert.equal(await attempt("ann@example.com", "elsewhere"), "x@example.org");
      assert.equal(await attempt("ann", "right"), "ann@example.com");
      assert.equal(await attempt("post", "elsewhere"), "x@example.org");
    }, {
      authenticate: claiming(async ({ password }) =>
        password === "elsewhere" ? somebody : undefined
      ),
    }));

  it("is unavailable where the claimant is, whatever the password, and counts nothing", () =>
    scene(async ({ try: attempt }) => {
      for (const password of ["right", "x", "y", "z"]) {
        await assert.rejects(attempt("ann@example.com", password), Unavailable);
      }
      assert.equal(await attempt("ann", "right"), "ann@example.com");
    }, {
      authenticate: claiming(() => Promise.reject(new Unavailable("Cannot reach it"))),
      config: { login: { accountFailures: 2 } },
    }));

  it("lets nobody in while it cannot be known whose they are", () =>
    scene(async ({ app, try: attempt }) => {
      await assert.rejects(attempt("ann", "right"), Unavailable);
      assert.match(app.logged.join(""), /An authenticator failed/);
    }, {
      authenticate: claiming(async () => undefined, () => {
        throw new TypeError("oops");
      }),
    }));

  it("holds them to the same limit", () =>
    scene(async ({ try: attempt }) => {
      for (const password of ["a", "b"]) await attempt("ann@example.com", password);
      assert.equal(await attempt("ann@example.com", "elsewhere"), "limited");
    }, {
      authenticate: claiming(async ({ password }) =>
        password === "elsewhere" ? somebody : undefined
      ),
      config: { login: { accountFailures: 2 } },
    }));
});

describe("login of an account without a password of its own", () => {
  it("is refused whatever is tried, until one is set", () =>
    scene(async ({ app, try: attempt }) => {
      const store = app.host().one(accounts);
      const { id } = await store.add({ address: "bare@example.com" });
      for (const password of ["", "right", "undefined"]) {
        assert.equal(await attempt("bare@example.com", password), "wrong", password);
      }
      const { password } = await store.addAppPassword(id, "");
      assert.equal(await attempt("bare@example.com", password), "bare@example.com");
      await store.setPassword(id, "now");
      assert.equal(await attempt("bare@example.com", "now"), "bare@example.com");
    }));
});

const somebody: Account = {
  id: 7,
  address: "x@example.org",
  name: "",
  aliases: [],
  admin: false,
  disabled: false,
};
