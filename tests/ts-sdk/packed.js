// The one known difference. `Deposit.sources` is a repeated enum, which proto3 packs: Akash's Go code does (go/node/types/deposit/v1/
// deposit.pb.go says `packed`), and so do the transactions that were recorded from a real node, and so do we. Akash's TypeScript client
// (1.0.0-alpha.25) writes each source as a field of its own. Chains read both. This turns the second way into the first.
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";

const SOURCES = 5;

/** The field of a message that is a `Deposit`. */
const DEPOSITS = { MsgCreateDeployment: 4, MsgCreateBid: 3, MsgAccountDeposit: 3 };

/** A message's bytes with its deposit's sources packed. */
export function packed(name, bytes) {
  const field = DEPOSITS[name];
  return field === undefined ? bytes : rewritten(bytes, field, sourcesPacked);
}

/** A message with one field, itself a message, replaced. */
function rewritten(bytes, field, replace) {
  const writer = new BinaryWriter();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, type] = reader.tag();
    if (number === field && type === WireType.LengthDelimited) {
      writer.tag(number, type).bytes(replace(reader.bytes()));
    } else {
      reader.skip(type, number);
      writer.raw(bytes.subarray(start, reader.pos));
    }
  }
  return writer.finish();
}

function sourcesPacked(deposit) {
  const writer = new BinaryWriter();
  const reader = new BinaryReader(deposit);
  const sources = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [number, type] = reader.tag();
    if (number === SOURCES && type === WireType.Varint) {
      sources.push(reader.int32());
    } else {
      reader.skip(type, number);
      writer.raw(deposit.subarray(start, reader.pos));
    }
  }
  if (sources.length > 0) {
    writer.tag(SOURCES, WireType.LengthDelimited).fork();
    for (const source of sources) writer.int32(source);
    writer.join();
  }
  return writer.finish();
}
