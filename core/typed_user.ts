// Whom somebody means who types a name to log in.

/** What was typed, as addresses and local parts to look for, best first. */
export function typedNames(user: string): string[] {
  const typed = user.trim().normalize("NFC").toLowerCase();
  const at = typed.lastIndexOf("\\");
  if (at < 0) return typed === "" ? [] : [typed];
  const domain = typed.slice(0, at);
  const name = typed.slice(at + 1);
  if (name === "") return [];
  return name.includes("@") || domain === "" ? [name] : [`${name}@${domain}`, name];
}

/** SQL: the accounts `a` with the typed name `?1`. More than one for a local part: nobody is meant. */
export function whereNamed(name: string): string {
  if (name.includes("@")) {
    return `a.id = coalesce((SELECT id FROM core_account WHERE address = ?1),
      (SELECT account FROM core_alias WHERE address = ?1))`;
  }
  // "A" comes after "@": the range of all addresses with this local part.
  return `a.id IN (
    SELECT id FROM core_account WHERE address >= ?1 || '@' AND address < ?1 || 'A'
    UNION SELECT account FROM core_alias WHERE address >= ?1 || '@' AND address < ?1 || 'A'
  ) LIMIT 2`;
}
