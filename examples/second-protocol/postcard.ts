// A toy protocol beside EAS: who has an account may send a card, and every stamp that fits is put on it.
import { definePlugin, login, route } from "../../core/mod.ts";
import { stamp } from "./api.ts";

export default definePlugin({
  id: "postcard",
  summary: "Postcards: POST /postcard/<country> with a text",
  owns: [stamp],
  contributes: (host) => [
    route.of((app) => {
      app.post("/postcard/:country", async (c) => {
        const [user = "", password = ""] = atob(
          (c.req.header("authorization") ?? "").replace(/^Basic /, ""),
        ).split(":");
        const who = await host.one(login)({ user, password, remote: c.env.remote });
        if (!who.ok) return c.text("Who are you?", 401, { "WWW-Authenticate": "Basic" });
        const country = c.req.param("country");
        const fits = host.all(stamp).filter(({ countries }) =>
          countries?.includes(country) ?? true
        );
        const card = fits.reduce((text, { print }) => print(text), await c.req.text());
        return c.text(`${card}\n${who.account.name}`);
      });
    }, "/postcard"),
  ],
});
