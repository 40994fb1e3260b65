// The probe, as a phone in every version, in front of real servers with a mailbox of real messages.
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { formatReport } from "../../plugins/eas/probe/report.ts";
import { runProbe } from "../../plugins/eas/probe/mod.ts";
import { versions } from "../../plugins/eas/versions.ts";
import { fill, type Gateway, imapClient, products, startGateway } from "./kit.ts";

for (const { name, found, start } of products) {
  describe(`the probe at a gateway in front of ${name}`, found, () => {
    let gateway: Gateway;
    before(async () => {
      if (!found.skip) gateway = await startGateway(start);
    });
    after(() => gateway?.stop());

    it("lists, reads, opens attachments, sends and is woken, in all versions", async () => {
      const { server, url } = gateway;
      const user = await server.addUser("anna");
      const count = await fill(server, user);
      const client = await imapClient(server, user);
      const paths = (await client.list()).map(({ path }) => path).sort();
      await client.logout();
      const { address, password } = user;
      const report = await runProbe({
        url,
        user: address,
        password,
        version: "all",
        sendTo: address,
        wait: 60,
      });
      const told = formatReport(report);
      assert.deepEqual(report.visits.map(({ version }) => version).sort(), [...versions].sort());
      for (const { version, steps } of report.visits) {
        // 2.5 has no Settings.
        const bad = steps.filter(({ name, outcome }) => outcome !== "ok" && name !== "Settings");
        assert.deepEqual(bad, [], `${version}: ${told}`);
        const folders = steps.flatMap(({ folder }) => folder ?? []);
        const names = folders.map(({ name }) => name.toLowerCase()).sort();
        for (const path of paths) assert.ok(names.includes(path.toLowerCase()), `${path}: ${told}`);
        const inbox = folders.find(({ type }) => type === 2);
        assert.ok(inbox!.messages >= count, told);
        const detail = (name: string) => steps.find((step) => step.name === name)?.detail ?? "";
        assert.match(detail("Read a message"), /: [1-9]\d* bytes of/, told);
        assert.match(detail("Open an attachment"), /: [1-9]\d* bytes,/, told);
        assert.match(detail("SendMail and Ping"), /the message woke the phone/, told);
      }
    });
  });
}
