// A guest of the postcard protocol: it needs only the protocol's api.
import { definePlugin } from "../../core/mod.ts";
import { stamp } from "./api.ts";

export default definePlugin({
  id: "rooster",
  summary: "A rooster for cards to France",
  needs: ["postcard"],
  contributes: () => [
    stamp.of({ countries: ["fr"], print: (card) => `${card} 🐓` }, "rooster"),
  ],
});
