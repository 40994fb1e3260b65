// Exchange ActiveSync: the address devices talk to, its commands, and the points that others fill.
import {
  accountDeleted,
  cliCommand,
  definePlugin,
  diagnosis,
  metric,
  type Point,
  route,
  started,
  stopping,
} from "../../core/mod.ts";
import {
  type AnyCommand,
  command,
  devicePassword,
  deviceSeen,
  directory,
  gate,
  itemFailed,
  provision,
  syncState,
  wakeup,
} from "./api.ts";
import { find } from "./commands/find.ts";
import { getAttachment } from "./commands/get_attachment.ts";
import { getHierarchy } from "./commands/get_hierarchy.ts";
import { itemOperations } from "./commands/item_operations.ts";
import { provision as provisionCommand } from "./commands/provision.ts";
import { resolveRecipients } from "./commands/resolve_recipients.ts";
import { smartForward, smartReply } from "./commands/compose/smart.ts";
import { search } from "./commands/search.ts";
import { sendMail } from "./commands/send_mail.ts";
import { settings } from "./commands/settings.ts";
import { syncCommands } from "./commands/sync_commands.ts";
import { validateCert } from "./commands/validate_cert.ts";
import { accountCeilings } from "./ceiling.ts";

import { config } from "./config.ts";
import { deviceCommand } from "./device_command.ts";
import { deviceRegistry } from "./devices.ts";
import { diagnose } from "./diagnosis.ts";
import { showFirstVisit } from "./first_start.ts";
import { easCommand } from "./eas_command.ts";
import { easRoute } from "./http.ts";
import { easMetrics } from "./metrics.ts";
import { migrations } from "./migrations.ts";
import { plainState } from "./plain_state.ts";
import { problemList } from "./problems.ts";
import { probeCommand } from "./probe/mod.ts";
import { runningCalls } from "./running.ts";
import { sentJournal } from "./sent.ts";

const owns: readonly Point<unknown>[] = [
  command,
  gate,
  provision,
  directory,
  devicePassword,
  wakeup,
  syncState,
  deviceSeen,
  itemFailed,
];

export default definePlugin({
  id: "eas",
  summary: "Exchange ActiveSync for phones and tablets",
  needs: ["mailbox"],
  owns,
  config,
  migrations,
  contributes(host) {
    const devices = deviceRegistry(host.db);
    const ceilings = accountCeilings(host.db, host.clock);
    const sent = sentJournal(host.db);
    const problems = problemList(host.db, host.clock);
    const running = runningCalls();
    const metrics = easMetrics(running);
    const commands: readonly AnyCommand[] = [
      ...syncCommands(host, metrics.braked),
      getAttachment,
      getHierarchy,
      sendMail(sent),
      smartReply(sent),
      smartForward(sent, host),
      itemOperations(host),
      search(host),
      find(host),
      settings(host, devices),
      resolveRecipients(host),
      validateCert,
      provisionCommand(host, devices),
    ];
    return [
      ...commands.map((one) => command.of(one, one.name)),
      route.of(
        easRoute({ host, devices, ceilings, running, metrics }),
        "/Microsoft-Server-ActiveSync",
      ),
      metric.of(metrics.register, "navette_eas_*"),
      cliCommand.of(probeCommand, "probe"),
      cliCommand.of(deviceCommand, "device"),
      cliCommand.of(easCommand, "eas"),
      itemFailed.of(
        ({ account, device, item, reason }) =>
          problems.note({
            account: account.id,
            device: device.id,
            kind: "unreadable",
            about: item,
            reason,
          }),
        "list of problems",
      ),
      diagnosis.of(() => diagnose(host), "eas"),
      started.of((fact) => showFirstVisit(host, fact), "probe at the first start"),
      stopping.of(() => running.stop()),
      accountDeleted.of(async ({ account }) => {
        await devices.forget(account.id);
        await ceilings.set(account.id, undefined);
        await sent.forget(account.id);
        await problems.forget(account.id);
        await plainState(host.db).forget(account.id);
      }),
    ];
  },
});
