// navette plugins list: which plugin contributes what.
import { CliError } from "../error.ts";
import { suggest } from "../suggest.ts";
import { tableOf } from "../table.ts";
import type { CoreCommand, Parts } from "./parts.ts";

export const pluginsCommand: CoreCommand = (parts) => (program, { print, json }) => {
  const plugins = program.command("plugins").description("What this program is made of");
  plugins.command("list").description("List what plugins contribute, by plugin, point and name")
    .argument("[point]", "only this point, for example core.route")
    .option("--json", "print JSON")
    .action((point: string | undefined, options: { json?: boolean }) => {
      parts.config();
      const rows = rowsOf(parts, point);
      if (options.json) return json(rows);
      const cells = rows.map(({ plugin, point, name }) => [plugin, point, name ?? ""]);
      for (const line of tableOf(["PLUGIN", "POINT", "NAME"], cells)) print(line);
    });
};

function rowsOf(parts: Parts, point: string | undefined) {
  const { registry } = parts.program();
  const points = registry.points().map(({ point }) => point.id);
  if (point !== undefined && !points.includes(point)) {
    const near = suggest(point, points);
    const hint = near ? `did you mean ${near}?` : `there are: ${points.join(", ")}`;
    throw new CliError(`Cannot list "${point}": no plugin opens it; ${hint}`, 2);
  }
  return registry.list().filter((row) => point === undefined || row.point === point);
}
