// What class of message a mail is, told by its content type and by the meeting that it is about.
import type { Mail, Meeting } from "../../mailbox/api.ts";

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
      return mail.meeting ? meetingClass(mail.meeting) : "IPM.Note";
  }
}

const responses = {
  accepted: "IPM.Schedule.Meeting.Resp.Pos",
  declined: "IPM.Schedule.Meeting.Resp.Neg",
  tentative: "IPM.Schedule.Meeting.Resp.Tent",
} as const;

/**
 * Answers only. Invitations and cancellations are plain mails as long as there is no calendar to put
 * them in: phones show buttons for them by their class alone, which need a MeetingRequest and the
 * command MeetingResponse.
 */
function meetingClass({ answer }: Meeting): string {
  return answer ? responses[answer] : "IPM.Note";
}

/** What a message is about, in the words of Exchange. */
// MS-ASEMAIL 2.2.2.20
export function contentClass(mail: Mail | undefined): string {
  const scheduling = mail && messageClass(mail).startsWith("IPM.Schedule.Meeting.");
  return `urn:content-classes:${scheduling ? "calendarmessage" : "message"}`;
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
