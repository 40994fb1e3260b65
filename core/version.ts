// The version of this program; the same as in deno.json, which a test makes sure of.
export const version = "0.1.0";
