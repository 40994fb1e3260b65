// The WBXML codec of EAS: bytes to element tree and back.
export { el, Element, Flow, Leaf, type Stream, type Tag, type Value } from "./element.ts";
export { decode, type Limits, requestLimits } from "./decode.ts";
export { encode } from "./encode.ts";
export { encodeStream, isStreamed } from "./encode_stream.ts";
export { show, toXml } from "./debug.ts";
export { WbxmlError } from "./tokens.ts";
