// Authorization headers, as phones and desktops write them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { parseBasic } from "./authenticate.ts";

const latin1 = (text: string) => `Basic ${btoa(text)}`;

test("parseBasic() reads user and password; only the first colon divides them", () => {
  assert.deepEqual(parseBasic(latin1("anna@example.org:a:b:")), {
    user: "anna@example.org",
    password: "a:b:",
  });
  assert.deepEqual(parseBasic(latin1("EXAMPLE\\anna:secret")), {
    user: "EXAMPLE\\anna",
    password: "secret",
  });
  assert.deepEqual(parseBasic(latin1("anna:")), { user: "anna", password: "" });
});

test("parseBasic() reads UTF-8, and as Latin-1 what is not", () => {
  const utf8 = String.fromCharCode(...new TextEncoder().encode("zoë:pässwörd €"));
  assert.deepEqual(parseBasic(latin1(utf8)), { user: "zoë", password: "pässwörd €" });
  assert.deepEqual(parseBasic(latin1("zoë:pässwörd")), { user: "zoë", password: "pässwörd" });
});

test("parseBasic() does not mind the case of the scheme and spaces around the token", () => {
  assert.equal(parseBasic(`basic   ${btoa("a:b")}  `)?.password, "b");
  assert.equal(parseBasic(`BASIC ${btoa("a:b")}`)?.password, "b");
});

test("parseBasic() says nothing to what is no Basic header", () => {
  const wrong = [null, "", "Basic", "Basic ", "Basic !", "Basic YQ=", "Bearer YTpi"];
  for (const header of wrong) assert.equal(parseBasic(header), undefined, String(header));
  assert.equal(parseBasic(latin1("no colon")), undefined);
  assert.equal(parseBasic(latin1(":no user")), undefined);
});
