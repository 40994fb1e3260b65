// What class of message a mail is, told by its content type alone.
import type { Mail } from "../../mailbox/api.ts";

/** A mail's MessageClass. */
// MS-ASEMAIL 2.2.2.49
export function messageClass(mail: Mail): string {
  const parameter = (name: string) => mail.contentTypeParameters[name]?.toLowerCase() ?? "";
  switch (mail.contentType) {
    case "multipart/signed":
      // PGP signatures are multipart/signed as well, and no phone's S/MIME code can check them.
      return /^application\/(x-)?pkcs7-signature$/.test(parameter("protocol"))
        ? "IPM.Note.SMIME.MultipartSigned"
        : "IPM.Note";
    case "application/pkcs7-mime":
    case "application/x-pkcs7-mime":
      return parameter("smime-type") === "certs-only" ? "IPM.Note" : "IPM.Note.SMIME";
    case "multipart/report":
      return reportClass(parameter("report-type"));
    default:
      // Invitations are plain mails as long as there is no calendar to put them in.
      return "IPM.Note";
  }
}

function reportClass(type: string): string {
  // Senders that ask for a confirmation of success are so rare that a delivery report is bad news.
  if (type === "delivery-status") return "REPORT.IPM.NOTE.NDR";
  return type === "disposition-notification" ? "REPORT.IPM.NOTE.IPNRN" : "IPM.Note";
}

/** Whether nothing of the mail can be read without keys. */
export function isSealed({ contentType }: Mail): boolean {
  return /^(application\/(x-)?pkcs7-mime|multipart\/encrypted)$/.test(contentType);
}

/** Whether the mail is signed or encrypted by S/MIME: phones then need its MIME untouched. */
export function isSmime(mail: Mail): boolean {
  return messageClass(mail).startsWith("IPM.Note.SMIME");
}
