/** An answer other than 200 that the real server gives too: status, message, sometimes a header. */
export class QdrantFault extends Error {
  override readonly name = "QdrantFault";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

export const fault = (status: number, message: string): QdrantFault => new QdrantFault(status, message);

/** What the stand-in does not do. 501, so that nobody takes it for an answer of Qdrant. */
export const unsupported = (what: string): QdrantFault =>
  new QdrantFault(501, `The built-in Qdrant does not support ${what}; use a real Qdrant server for it.`);

export const noCollection = (name: string): QdrantFault =>
  fault(404, `Not found: Collection \`${name}\` doesn't exist!`);

export const noPoint = (id: string): QdrantFault => fault(404, `Not found: No point with id ${id} found`);

export const noVectorName = (name: string): QdrantFault =>
  fault(400, `Wrong input: Not existing vector name error: ${name}`);

/** Bodies the real server cannot read. With the body's text it names the end of the object, as there. */
export function formatFault(message: string, body?: string): QdrantFault {
  const position = body === undefined ? "" : ` at line 1 column ${Buffer.byteLength(body.trimEnd())}`;
  return fault(400, `Format error in JSON body: ${message}${position}`);
}

export const validationFault = (problem: string): QdrantFault =>
  fault(422, `Validation error in JSON body: [${problem}]`);
