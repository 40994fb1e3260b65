// Keeps secrets out of logs, wherever in a line they stand.

const secretKey =
  /(pass(word|wd|phrase)?|secret|token|authorization|cookie|credentials?|api_?key|private_?key)$/i;
const hidden = "[hidden]";
const deepest = 8;

/** A copy for the log: secret fields hidden, errors as plain objects, secrets in texts cut out. */
export function redact(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redactText(value);
  if (typeof value !== "object" || value === null) {
    return typeof value === "bigint" ? value.toString() : value;
  }
  if (depth > deepest) return "[deep]";
  if (value instanceof Error) return errorFields(value, depth);
  if (value instanceof Date) return value;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof Map || value instanceof Headers) {
    return redact(Object.fromEntries(value.entries()), depth);
  }
  if (Symbol.iterator in value) {
    return Array.from(value as Iterable<unknown>, (item) => redact(item, depth + 1));
  }
  return Object.fromEntries(
    Object.entries(value).map((
      [key, item],
    ) => [key, secretKey.test(key) && item !== undefined ? hidden : redact(item, depth + 1)]),
  );
}

/** Cuts out what HTTP carries as credentials, and passwords inside addresses. */
export function redactText(text: string): string {
  return text
    .replaceAll(/\b(Basic|Bearer|Digest)\s+[A-Za-z0-9+/=._~-]{6,}/gi, `$1 ${hidden}`)
    .replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*):[^\s/@]+@/gi, `$1:${hidden}@`)
    .replaceAll(/([?&](?:\w*(?:token|password|secret))=)[^&\s]+/gi, `$1${hidden}`);
}

function errorFields(error: Error, depth: number): unknown {
  const { name, message, stack, cause } = error;
  return {
    type: name,
    message: redactText(message),
    ...(stack ? { stack: redactText(stack) } : {}),
    ...(redact({ ...error }, depth + 1) as object),
    ...(cause === undefined ? {} : { cause: redact(cause, depth + 1) }),
  };
}
