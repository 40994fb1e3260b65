// How mail programs introduce what they quote, in the languages that they are used in. Data only.

/** Ends of the line above a quote, `On Monday Ben wrote:`, where the verb comes last. */
export const wrote = [
  "wrote",
  "a écrit",
  "écrit",
  "ha scritto",
  "escribió",
  "ha escrit",
  "escreveu",
  "napisał",
  "napisała",
  "napisał\\(a\\)",
  "pisze",
  "skrev",
  "kirjoitti",
  "napsal",
  "napsal\\(a\\)",
  "napísal\\(a\\)",
  "ezt írta",
  "a scris",
  "şunu yazdı",
  "yazdı",
  "έγραψε",
  "написал",
  "написал\\(а\\)",
  "пишет",
  "пише",
  "написав",
  "написа",
  "kirjutas",
  "rakstīja",
  "rašė",
  "je napisao\\/la",
  "viết",
  "menulis",
  "写道",
  "寫道",
  "のメール",
  "のメッセージ",
  "書きました",
  "작성",
  "כתב",
  "כתב\\/ה",
  "كتب",
].join("|");

/** Beginnings of such a line where the verb comes before the name: `Am Montag schrieb Ben:`. */
export const wroteBefore = [
  "schrieb",
  "schreef",
  "skrev",
  "wrote",
  "a écrit",
  "escribió",
  "escreveu",
  "ha scritto",
  "пише",
  "написал",
].join("|");

/** What stands between dashes above the original. */
export const originalMessage = [
  "original message",
  "reply message",
  "original appointment",
  "ursprüngliche nachricht",
  "originalnachricht",
  "original-nachricht",
  "message d'origine",
  "message original",
  "mensaje original",
  "mensagem original",
  "messaggio originale",
  "oorspronkelijk bericht",
  "originalmeddelande",
  "ursprungligt meddelande",
  "oprindelig meddelelse",
  "opprinnelig melding",
  "alkuperäinen viesti",
  "wiadomość oryginalna",
  "oryginalna wiadomość",
  "původní zpráva",
  "pôvodná správa",
  "eredeti üzenet",
  "исходное сообщение",
  "первоначальное сообщение",
  "orijinal ileti",
  "orijinal mesaj",
  "原始邮件",
  "原始郵件",
  "元のメッセージ",
  "원본 메시지",
].join("|");

/** What stands between dashes above a message that is passed on: it is no history. */
export const forwardedMessage = [
  "forwarded message",
  "forwarded by",
  "begin forwarded message",
  "weitergeleitete nachricht",
  "anfang der weitergeleiteten nachricht",
  "message transféré",
  "mensaje reenviado",
  "mensagem encaminhada",
  "messaggio inoltrato",
  "doorgestuurd bericht",
  "vidarebefordrat meddelande",
  "videresendt melding",
  "videresendt meddelelse",
  "välitetty viesti",
  "przekazana wiadomość",
  "přeposlaná zpráva",
  "továbbított üzenet",
  "пересылаемое сообщение",
  "iletilen mesaj",
  "转发的邮件",
  "转发邮件",
  "轉寄郵件",
  "転送されたメッセージ",
  "전달된 메시지",
].join("|");

/** Beginnings of subjects of messages that are passed on. */
export const forwardedSubject = "fwd?|fw|wg|tr|rv|enc|vb|vl|pd|ilt|i̇lt|пересл|转发|轉寄|転送|전달";

/** The names of the lines of which a quoted message has a few at its top. */
export const headerNames = {
  from:
    "from|von|de|da|van|från|fra|od|lähettäjä|от|від|kimden|feladó|από|差出人|发件人|寄件者|보낸 사람|מאת|من",
  date:
    "sent|date|gesendet|datum|envoyé|date d'envoi|enviado(?: el)?|enviada(?: em)?|fecha|data|inviato|" +
    "verzonden|skickat|sendt|dato|lähetetty|wysłano|odesláno|odoslané|отправлено|дата|gönderildi|" +
    "gönderme tarihi|tarih|elküldve|στάλθηκε|送信日時|日時|发送时间|日期|寄件日期|보낸 날짜|נשלח|أرسلت",
  to:
    "to|an|à|para|a|per|aan|till|til|vastaanottaja|do|komu|кому|kime|címzett|προς|宛先|收件人|收件者|" +
    "받는 사람|אל|إلى",
  subject:
    "subject|betreff|objet|asunto|assunto|oggetto|onderwerp|ämne|emne|aihe|temat|předmět|predmet|" +
    "тема|konu|tárgy|θέμα|件名|主题|主旨|제목|נושא|الموضوع",
} as const;
