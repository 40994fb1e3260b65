// All 26 code pages, by number.
import { airSync } from "./00_air_sync.ts";
import { contacts } from "./01_contacts.ts";
import { email } from "./02_email.ts";
import { airNotify } from "./03_air_notify.ts";
import { calendar } from "./04_calendar.ts";
import { move } from "./05_move.ts";
import { getItemEstimate } from "./06_get_item_estimate.ts";
import { folderHierarchy } from "./07_folder_hierarchy.ts";
import { meetingResponse } from "./08_meeting_response.ts";
import { tasks } from "./09_tasks.ts";
import { resolveRecipients } from "./10_resolve_recipients.ts";
import { validateCert } from "./11_validate_cert.ts";
import { contacts2 } from "./12_contacts2.ts";
import { ping } from "./13_ping.ts";
import { provision } from "./14_provision.ts";
import { search } from "./15_search.ts";
import { gal } from "./16_gal.ts";
import { airSyncBase } from "./17_air_sync_base.ts";
import { settings } from "./18_settings.ts";
import { documentLibrary } from "./19_document_library.ts";
import { itemOperations } from "./20_item_operations.ts";
import { composeMail } from "./21_compose_mail.ts";
import { email2 } from "./22_email2.ts";
import { notes } from "./23_notes.ts";
import { rightsManagement } from "./24_rights_management.ts";
import { find } from "./25_find.ts";

export const pages = [
  airSync,
  contacts,
  email,
  airNotify,
  calendar,
  move,
  getItemEstimate,
  folderHierarchy,
  meetingResponse,
  tasks,
  resolveRecipients,
  validateCert,
  contacts2,
  ping,
  provision,
  search,
  gal,
  airSyncBase,
  settings,
  documentLibrary,
  itemOperations,
  composeMail,
  email2,
  notes,
  rightsManagement,
  find,
] as const;

type Pages = (typeof pages)[number];

/** A tag with its code page's name: `AirSync:SyncKey`. */
export type Tag = {
  [P in Pages as P["name"]]: `${P["name"]}:${keyof P["tags"] & string}`;
}[Pages["name"]];
