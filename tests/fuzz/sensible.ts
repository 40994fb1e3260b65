// A sensible document of each command, with ids and keys that lead somewhere.
import { el, type Element, type Tag } from "../../plugins/eas/wbxml/mod.ts";

/** What the server knows: ids and keys that lead somewhere. */
export interface Known {
  readonly folder: string;
  readonly trash: string;
  readonly item: string;
  readonly key: string;
  readonly folderKey: string;
}

type Documents = Readonly<Record<string, readonly Element[]>>;

/** By command. */
export function sensible(known: Known): Documents {
  return {
    ...syncs(known),
    ...hierarchies(known),
    ...waits(known),
    ...operations(known),
    ...searches(known),
    ...settings(),
    ...letters(known),
    ...others(),
  };
}

const text = "Subject: hi\r\nTo: ben@example.org\r\n\r\nHi\r\n";

const body = el(
  "AirSyncBase:BodyPreference",
  el("AirSyncBase:Type", 1),
  el("AirSyncBase:TruncationSize", 200),
);

function syncs({ folder, item, key }: Known): Documents {
  const sync = (...more: Element[]) =>
    el(
      "AirSync:Sync",
      el(
        "AirSync:Collections",
        el(
          "AirSync:Collection",
          el("AirSync:SyncKey", key),
          el("AirSync:CollectionId", folder),
          el("AirSync:GetChanges", 1),
          el("AirSync:WindowSize", 10),
          el("AirSync:Options", el("AirSync:FilterType", 2), el("AirSync:Conflict", 1), body),
          el(
            "AirSync:Commands",
            el(
              "AirSync:Change",
              el("AirSync:ServerId", item),
              el("AirSync:ApplicationData", el("Email:Read", 1), el("Email:Flag")),
            ),
            el("AirSync:Fetch", el("AirSync:ServerId", item)),
            el("AirSync:Delete", el("AirSync:ServerId", "1:999")),
            el(
              "AirSync:Add",
              el("AirSync:ClientId", "c1"),
              el(
                "AirSync:ApplicationData",
                el("Email:Subject", "x"),
                el("Email:To", "a@b.example"),
              ),
            ),
          ),
        ),
      ),
      ...more,
    );
  return {
    Sync: [sync(), sync(el("AirSync:Wait", 1)), sync(el("AirSync:Partial"))],
  };
}

function hierarchies({ folder, folderKey }: Known): Documents {
  const edit = (root: Tag, ...more: Element[]) =>
    el(root, el("FolderHierarchy:SyncKey", folderKey), ...more);
  return {
    FolderSync: [edit("FolderHierarchy:FolderSync")],
    FolderCreate: [
      edit(
        "FolderHierarchy:FolderCreate",
        el("FolderHierarchy:ParentId", 0),
        el("FolderHierarchy:DisplayName", "New"),
        el("FolderHierarchy:Type", 12),
      ),
    ],
    FolderUpdate: [
      edit(
        "FolderHierarchy:FolderUpdate",
        el("FolderHierarchy:ServerId", folder),
        el("FolderHierarchy:ParentId", 0),
        el("FolderHierarchy:DisplayName", "Other"),
      ),
    ],
    FolderDelete: [edit("FolderHierarchy:FolderDelete", el("FolderHierarchy:ServerId", "77"))],
  };
}

function waits({ folder, key }: Known): Documents {
  return {
    Ping: [
      el(
        "Ping:Ping",
        el("Ping:HeartbeatInterval", 60),
        el(
          "Ping:Folders",
          el("Ping:Folder", el("Ping:Id", folder), el("Ping:Class", "Email")),
        ),
      ),
    ],
    GetItemEstimate: [
      el(
        "GetItemEstimate:GetItemEstimate",
        el(
          "GetItemEstimate:Collections",
          el(
            "GetItemEstimate:Collection",
            el("AirSync:SyncKey", key),
            el("GetItemEstimate:CollectionId", folder),
            el("AirSync:Options", el("AirSync:FilterType", 2)),
          ),
        ),
      ),
    ],
  };
}

function operations({ folder, trash, item }: Known): Documents {
  return {
    MoveItems: [
      el(
        "Move:MoveItems",
        el(
          "Move:Move",
          el("Move:SrcMsgId", "1:998"),
          el("Move:SrcFldId", folder),
          el("Move:DstFldId", trash),
        ),
      ),
    ],
    ItemOperations: [
      el(
        "ItemOperations:ItemOperations",
        el(
          "ItemOperations:Fetch",
          el("ItemOperations:Store", "Mailbox"),
          el("AirSync:CollectionId", folder),
          el("AirSync:ServerId", item),
          el("ItemOperations:Options", body, el("ItemOperations:Range", "0-9")),
        ),
        el(
          "ItemOperations:EmptyFolderContents",
          el("AirSync:CollectionId", trash),
          el("ItemOperations:Options", el("ItemOperations:DeleteSubFolders")),
        ),
      ),
    ],
  };
}

function searches({ folder }: Known): Documents {
  return {
    Search: [
      el(
        "Search:Search",
        el(
          "Search:Store",
          el("Search:Name", "Mailbox"),
          el(
            "Search:Query",
            el(
              "Search:And",
              el("AirSync:Class", "Email"),
              el("AirSync:CollectionId", folder),
              el("Search:FreeText", "mail"),
              el(
                "Search:GreaterThan",
                el("Email:DateReceived"),
                el("Search:Value", "2026-01-01T00:00:00.000Z"),
              ),
            ),
          ),
          el("Search:Options", el("Search:Range", "0-9"), el("Search:DeepTraversal"), body),
        ),
      ),
    ],
    Find: [
      el(
        "Find:Find",
        el("Find:SearchId", "00000000-0000-0000-0000-000000000000"),
        el(
          "Find:ExecuteSearch",
          el(
            "Find:MailBoxSearchCriterion",
            el(
              "Find:Query",
              el("Find:FreeText", 'from:ann subject:"a b" OR NOT x*'),
              el("AirSync:Class", "Email"),
              el("AirSync:CollectionId", folder),
            ),
            el("Find:Options", el("Find:Range", "0-9"), el("Find:DeepTraversal")),
          ),
        ),
      ),
    ],
  };
}

function settings(): Documents {
  return {
    Settings: [
      el(
        "Settings:Settings",
        el("Settings:UserInformation", el("Settings:Get")),
        el("Settings:Oof", el("Settings:Get", el("Settings:BodyType", "Text"))),
        el(
          "Settings:DeviceInformation",
          el("Settings:Set", el("Settings:Model", "M"), el("Settings:IMEI", "1")),
        ),
      ),
      el(
        "Settings:Settings",
        el(
          "Settings:Oof",
          el(
            "Settings:Set",
            el("Settings:OofState", 2),
            el("Settings:StartTime", "2026-01-01T00:00:00.000Z"),
            el("Settings:EndTime", "2026-12-01T00:00:00.000Z"),
            el(
              "Settings:OofMessage",
              el("Settings:AppliesToInternal"),
              el("Settings:Enabled", 1),
              el("Settings:ReplyMessage", "away"),
              el("Settings:BodyType", "Text"),
            ),
          ),
        ),
        el("Settings:DevicePassword", el("Settings:Set", el("Settings:Password", "1234"))),
      ),
    ],
  };
}

function letters({ folder, item }: Known): Documents {
  const compose = (root: Tag) =>
    el(
      root,
      el("ComposeMail:ClientId", "c2"),
      el("ComposeMail:Source", el("ComposeMail:FolderId", folder), el("ComposeMail:ItemId", item)),
      el("ComposeMail:SaveInSentItems"),
      el("ComposeMail:Mime", new TextEncoder().encode(text)),
    );
  return {
    SendMail: [compose("ComposeMail:SendMail")],
    SmartReply: [compose("ComposeMail:SmartReply")],
    SmartForward: [compose("ComposeMail:SmartForward")],
  };
}

function others(): Documents {
  return {
    Provision: [
      el(
        "Provision:Provision",
        el(
          "Provision:Policies",
          el(
            "Provision:Policy",
            el("Provision:PolicyType", "MS-EAS-Provisioning-WBXML"),
            el("Provision:PolicyKey", 1),
            el("Provision:Status", 1),
          ),
        ),
        el("Provision:RemoteWipe", el("Provision:Status", 1)),
      ),
    ],
    ResolveRecipients: [
      el(
        "ResolveRecipients:ResolveRecipients",
        el("ResolveRecipients:To", "anna"),
        el("ResolveRecipients:Options", el("ResolveRecipients:CertificateRetrieval", 1)),
      ),
    ],
    ValidateCert: [
      el(
        "ValidateCert:ValidateCert",
        el("ValidateCert:Certificates", el("ValidateCert:Certificate", "AAAA")),
      ),
    ],
    GetHierarchy: [el("FolderHierarchy:FolderSync")],
    GetAttachment: [el("AirSync:Sync")],
  };
}
