// A plugin of your own in one file: a page, a command, and a gate that lets old phones wait.
import type { PluginFile } from "../../core/plugin_file.ts";
import type { Gate } from "../../plugins/eas/api.ts";

const plugin: PluginFile = ({ core, v, point }) =>
  core.definePlugin({
    id: "hello",
    summary: "Says hello, and keeps devices of one type out",
    needs: ["eas"],
    config: v.strictObject({
      greeting: v.pipe(v.optional(v.string(), "Hello"), v.description("What the page says")),
      refuse: v.pipe(v.optional(v.string(), ""), v.description("A DeviceType that has no access")),
    }),
    contributes: (host) => [
      core.route.of((app) => {
        app.get(
          "/hello",
          (c) => c.text(`${host.config.greeting}, ${c.req.query("name") ?? "you"}!`),
        );
      }),
      core.cliCommand.of((program, { print }) => {
        program.command("hello").argument("<name>").description("Say hello")
          .action((name: string) => print(`${host.config.greeting}, ${name}!`));
      }, "hello"),
      point<Gate>("eas.gate").of({
        stage: "access",
        // 129: the device is blocked for this user.
        check: async ({ device }) => device.type === host.config.refuse ? 129 : undefined,
      }, "hello"),
    ],
  });
export default plugin;
