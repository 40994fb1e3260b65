// Mailboxes for commands: one that lies at another server wants the account's password there.
import { type Account, type CliContext, CliError, type CliSession } from "../../../core/mod.ts";
import { type Mailbox, mailboxes } from "../api.ts";

/** What `--password-stdin` is for, here. */
export const passwordHelp =
  "where the mail lies at another server: read the account's password there from standard input";

/** The account's mailbox, ready to be used. Throws `CliError` where it cannot be. */
export async function openedMailbox(
  context: CliContext,
  session: CliSession,
  account: Account,
  options: { readonly passwordStdin?: boolean },
): Promise<Mailbox> {
  const all = session.host.one(mailboxes);
  const ask = () => {
    if (options.passwordStdin) return context.stdin();
    throw new CliError(
      `Cannot open the mailbox of ${account.address}: it lies at another server, which asks for ` +
        "the account's password: give it by --password-stdin (or configure a master user)",
      2,
    );
  };
  try {
    await all.unlock?.(account, ask);
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(
      `Cannot open the mailbox of ${account.address}: ${(error as Error).message}`,
    );
  }
  return all.open(account);
}
