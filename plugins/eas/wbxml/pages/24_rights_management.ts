// Code page 24: RightsManagement (MS-ASWBXML 2.1.2.1.25).
import { page } from "../page.ts";

export const rightsManagement = page(24, "RightsManagement", {
  RightsManagementSupport: { token: 0x05, versions: "14.1-16.1" },
  RightsManagementTemplates: { token: 0x06, versions: "14.1-16.1" },
  RightsManagementTemplate: { token: 0x07, versions: "14.1-16.1" },
  RightsManagementLicense: { token: 0x08, versions: "14.1-16.1" },
  EditAllowed: { token: 0x09, versions: "14.1-16.1" },
  ReplyAllowed: { token: 0x0a, versions: "14.1-16.1" },
  ReplyAllAllowed: { token: 0x0b, versions: "14.1-16.1" },
  ForwardAllowed: { token: 0x0c, versions: "14.1-16.1" },
  ModifyRecipientsAllowed: { token: 0x0d, versions: "14.1-16.1" },
  ExtractAllowed: { token: 0x0e, versions: "14.1-16.1" },
  PrintAllowed: { token: 0x0f, versions: "14.1-16.1" },
  ExportAllowed: { token: 0x10, versions: "14.1-16.1" },
  ProgrammaticAccessAllowed: { token: 0x11, versions: "14.1-16.1" },
  Owner: { token: 0x12, versions: "14.1-16.1" },
  ContentExpiryDate: { token: 0x13, versions: "14.1-16.1" },
  TemplateID: { token: 0x14, versions: "14.1-16.1" },
  TemplateName: { token: 0x15, versions: "14.1-16.1" },
  TemplateDescription: { token: 0x16, versions: "14.1-16.1" },
  ContentOwner: { token: 0x17, versions: "14.1-16.1" },
  RemoveRightsManagementProtection: { token: 0x18, versions: "14.1-16.1" },
});
