import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { blake2_256 } from "../../src/crypto/blake2.ts";
import { ed25519Verify } from "../../src/crypto/ed25519.ts";
import { accountId, blockHash, h256, shardIdentifier, topHash } from "../../src/primitives/branded.ts";
import { concatBytes, utf8 } from "../../src/primitives/bytes.ts";
import { fromHex, toHex } from "../../src/primitives/hex.ts";
import { unwrap } from "../../src/primitives/result.ts";
import { type BlockData, blockData, MAX_TOPS_PER_BLOCK } from "../../src/types/block_data.ts";
import {
  blockDigest,
  computeBlockDataHash,
  computeBlockDigest,
  computeTopsHash,
} from "../../src/types/block_digest.ts";
import { lightHeader, lightHeaderOf, lightHeaders, MAX_LIGHT_HEADERS } from "../../src/types/light_header.ts";
import { computePrologueHash, MAX_PROLOGUE_ITEMS } from "../../src/types/prologue_item.ts";
import { computeReceiptsHash } from "../../src/types/receipt.ts";
import {
  computeReferenceBlockDataHash,
  referenceBlock,
  referenceBlockData,
  referenceSignedBlock,
  referenceSignedBlocks,
} from "../../src/types/reference_block.ts";
import { computeHeaderHash, sidechainHeader } from "../../src/types/sidechain_header.ts";
import {
  block,
  blockSigningMessage,
  MAX_BLOCKS_PER_MESSAGE,
  signedBlock,
  signedBlocks,
} from "../../src/types/signed_block.ts";
import { signedBlockFromJson, signedBlockToJson } from "../../src/types/signed_block_json.ts";
import * as any from "./arbitraries.ts";
import { codecCase, describeCodec, refusalOf } from "./codec_suite.ts";
import wire from "./vectors/wire.json" with { type: "json" };

const V3 = wire.V3_signed_block;
const fill = (byte: number, length = 32) => new Uint8Array(length).fill(byte);
const hex = (byte: string, length = 32) => byte.repeat(length);

const HEADER = {
  parentHash: blockHash(fill(1)),
  blockNumber: 2n,
  shardId: shardIdentifier(fill(3)),
  blockDataHash: h256(fill(4)),
  nextFinalizationBlockNumber: 5n,
};
const HEADER_HEX = `${hex("01")} 0200000000000000 ${hex("03")} ${hex("04")} 0500000000000000`;
const REFERENCE_DATA = {
  timestamp: 6n,
  layerOneHead: blockHash(fill(7)),
  blockAuthor: accountId(fill(8)),
  signedTopHashes: [topHash(fill(9))],
  encryptedStateDiff: fill(0xa, 2),
};
const REFERENCE_DATA_HEX = `0600000000000000 ${hex("07")} ${hex("08")} 04 ${hex("09")} 08 0a0a`;
const DATA: BlockData = {
  ...REFERENCE_DATA,
  layerOneNumber: 11,
  receiptsHash: h256(fill(12)),
  prologueHash: h256(fill(13)),
  stateRoot: h256(fill(14)),
};
const DATA_HEX = `${REFERENCE_DATA_HEX} 0b000000 ${hex("0c")} ${hex("0d")} ${hex("0e")}`;
const SIGNATURE = { type: "Ed25519" as const, value: fill(15, 64) };
const SIGNATURE_HEX = `00 ${hex("0f", 64)}`;
const SIGNED = { block: { header: HEADER, blockData: DATA }, signature: SIGNATURE };
const DIGEST = computeBlockDigest(DATA);
const DIGEST_HEX = [
  `0600000000000000 ${hex("07")} 0b000000 ${hex("08")} ${hex("0e")}`,
  toHex(DIGEST.topsHash).slice(2),
  `${hex("0c")} ${hex("0d")}`,
  toHex(DIGEST.diffHash).slice(2),
].join(" ");

const anyBlock = fc.record({ header: any.anyHeader, blockData: any.anyBlockData });
const anySignedBlock = fc.record({ block: anyBlock, signature: any.anyEnclaveSignature });
const anyReferenceBlock = fc.record({ header: any.anyHeader, blockData: any.anyReferenceBlockData });
const anyLightHeader = fc.record({ header: any.anyHeader, digest: any.anyDigest, signature: any.anyEnclaveSignature });

describe("block codecs", () => {
  for (
    const one of [
      codecCase({ name: "sidechainHeader", codec: sidechainHeader, any: any.anyHeader, golden: [HEADER, HEADER_HEX] }),
      codecCase({
        name: "blockData",
        codec: blockData,
        any: any.anyBlockData,
        golden: [DATA, DATA_HEX],
        compactAt: [72, 105],
      }),
      codecCase({ name: "blockDigest", codec: blockDigest, any: any.anyDigest, golden: [DIGEST, DIGEST_HEX] }),
      codecCase({ name: "block", codec: block, any: anyBlock, golden: [SIGNED.block, `${HEADER_HEX} ${DATA_HEX}`] }),
      codecCase({
        name: "signedBlock",
        codec: signedBlock,
        any: anySignedBlock,
        golden: [SIGNED, `${HEADER_HEX} ${DATA_HEX} ${SIGNATURE_HEX}`],
        variantAt: [320],
      }),
      codecCase({
        name: "signedBlocks",
        codec: signedBlocks,
        any: fc.array(anySignedBlock, { maxLength: 2 }),
        golden: [[SIGNED], `04 ${HEADER_HEX} ${DATA_HEX} ${SIGNATURE_HEX}`],
        compactAt: [0],
      }),
      codecCase({
        name: "lightHeader",
        codec: lightHeader,
        any: anyLightHeader,
        golden: [lightHeaderOf(SIGNED), `${HEADER_HEX} ${DIGEST_HEX} ${SIGNATURE_HEX}`],
        variantAt: [348],
      }),
      codecCase({
        name: "lightHeaders",
        codec: lightHeaders,
        any: fc.array(anyLightHeader, { maxLength: 3 }),
        golden: [[lightHeaderOf(SIGNED)], `04 ${HEADER_HEX} ${DIGEST_HEX} ${SIGNATURE_HEX}`],
        compactAt: [0],
      }),
      codecCase({
        name: "referenceBlockData",
        codec: referenceBlockData,
        any: any.anyReferenceBlockData,
        golden: [REFERENCE_DATA, REFERENCE_DATA_HEX],
        compactAt: [72, 105],
      }),
      codecCase({
        name: "referenceSignedBlock",
        codec: referenceSignedBlock,
        any: fc.record({ block: anyReferenceBlock, signature: any.anySignature }),
        golden: [
          { block: { header: HEADER, blockData: REFERENCE_DATA }, signature: SIGNATURE },
          `${HEADER_HEX} ${REFERENCE_DATA_HEX} ${SIGNATURE_HEX}`,
        ],
        variantAt: [220],
      }),
    ]
  ) describeCodec(one);

  it("signedBlock refuses a signature of another scheme", () => {
    const bytes = fromHex(`${HEADER_HEX}${DATA_HEX}01${hex("0f", 64)}`.replaceAll(" ", ""));
    expect(refusalOf(signedBlock, bytes)).toBe("UnknownVariant");
  });

  it("lists are bounded before anything is read", () => {
    const compactOf = (count: number) => Uint8Array.of(((count << 2) | 1) & 255, count >> 6);
    expect(refusalOf(lightHeaders, compactOf(MAX_LIGHT_HEADERS + 1))).toBe("TooLarge");
    expect(refusalOf(signedBlocks, compactOf(MAX_BLOCKS_PER_MESSAGE + 1))).toBe("TooLarge");
    expect(refusalOf(referenceSignedBlocks, compactOf(MAX_BLOCKS_PER_MESSAGE + 1))).toBe("TooLarge");
    const tooMany = concatBytes(fill(0, 72), compactOf(MAX_TOPS_PER_BLOCK + 1));
    expect(refusalOf(blockData, tooMany)).toBe("TooLarge");
    expect(() => computePrologueHash(Array(MAX_PROLOGUE_ITEMS + 1).fill({}))).toThrow(RangeError);
    expect(() => computeTopsHash(Array(MAX_TOPS_PER_BLOCK + 1).fill(topHash(fill(0))))).toThrow(RangeError);
    expect(() => computeReceiptsHash(Array(MAX_TOPS_PER_BLOCK + 1).fill({}))).toThrow(RangeError);
  });
});

describe("block of the reference (V3)", () => {
  const blocks = referenceSignedBlocks.decode(fromHex(V3.scale_vec));
  const [signed] = blocks as [(typeof blocks)[number]];

  it("decodes to the known fields and encodes to the same bytes", () => {
    expect(blocks.length).toBe(1);
    const { header, blockData: data } = signed.block;
    expect(header.blockNumber).toBe(BigInt(V3.block_number));
    expect(header.nextFinalizationBlockNumber).toBe(BigInt(V3.next_finalization_block_number));
    expect(data.timestamp).toBe(BigInt(V3.timestamp));
    expect(toHex(data.blockAuthor)).toBe(V3.block_author);
    expect(data.signedTopHashes).toEqual(V3.signed_top_hashes);
    expect(referenceBlockData.encode(data).length).toBe(V3.block_data_bytes);
    expect(toHex(referenceSignedBlocks.encode(blocks))).toBe(V3.scale_vec);
  });

  it("has the known hashes", () => {
    expect(toHex(computeReferenceBlockDataHash(signed.block.blockData))).toBe(V3.block_data_hash);
    expect(toHex(signed.block.header.blockDataHash)).toBe(V3.block_data_hash);
    expect(toHex(computeHeaderHash(signed.block.header))).toBe(V3.block_hash);
  });

  it("is signed by its author over the encoded block, and no other byte", () => {
    const message = referenceBlock.encode(signed.block);
    const { signature, block: { blockData: { blockAuthor } } } = signed;
    expect(signature.type).toBe("Ed25519");
    expect(ed25519Verify(signature.value, message, blockAuthor)).toBe(true);
    message[0] = (message[0] as number) ^ 1;
    expect(ed25519Verify(signature.value, message, blockAuthor)).toBe(false);
  });

  it("is not taken for one of ours", () => {
    const bytes = referenceSignedBlock.encode(signed);
    expect(refusalOf(signedBlock, bytes)).not.toBe("decoded");
  });
});

describe("hashes of our block", () => {
  it("computeBlockDataHash() is blake2_256 of the domain and 236 bytes", () => {
    const bytes = blockDigest.encode(DIGEST);
    expect(bytes.length).toBe(236);
    const expected = blake2_256(concatBytes(utf8("integritee-edge/block-data/1"), bytes));
    expect(toHex(computeBlockDataHash(DIGEST))).toBe(toHex(expected));
  });

  it("blockSigningMessage() is the domain and the header's hash", () => {
    const hash = computeHeaderHash(HEADER);
    expect(toHex(hash)).toBe(toHex(blake2_256(sidechainHeader.encode(HEADER))));
    expect(sidechainHeader.encode(HEADER).length).toBe(112);
    expect(toHex(blockSigningMessage(hash))).toBe(toHex(concatBytes(utf8("integritee-edge/header/1"), hash)));
  });

  it("every field of the body changes the hash in the header", () => {
    const hashOf = (data: BlockData) => toHex(computeBlockDataHash(computeBlockDigest(data)));
    const changes: Partial<BlockData>[] = [
      { timestamp: 99n },
      { layerOneHead: blockHash(fill(99)) },
      { blockAuthor: accountId(fill(99)) },
      { signedTopHashes: [] },
      { encryptedStateDiff: fill(99, 2) },
      { layerOneNumber: 99 },
      { receiptsHash: h256(fill(99)) },
      { prologueHash: h256(fill(99)) },
      { stateRoot: h256(fill(99)) },
    ];
    expect(Object.keys(DATA).sort()).toEqual(changes.flatMap(Object.keys).sort());
    const hashes = new Set([DATA, ...changes.map((change) => ({ ...DATA, ...change }))].map(hashOf));
    expect(hashes.size).toBe(changes.length + 1);
  });
});

describe("JSON form of a signed block", () => {
  it("has the worker's names and forms", () => {
    const json = signedBlockToJson(SIGNED);
    expect(json.block.header).toEqual({
      parent_hash: `0x${hex("01")}`,
      block_number: 2,
      shard_id: `0x${hex("03")}`,
      block_data_hash: `0x${hex("04")}`,
      next_finalization_block_number: 5,
    });
    expect(json.block.block_data.block_author.startsWith("5")).toBe(true);
    expect(json.block.block_data.encrypted_state_diff).toEqual([10, 10]);
    expect(json.block.block_data.signed_top_hashes).toEqual([`0x${hex("09")}`]);
    expect(json.signature).toEqual({ Ed25519: hex("0f", 64) });
  });

  it("gives back the block it was made of, through text", () => {
    const safe = fc.bigInt({ min: 0n, max: BigInt(Number.MAX_SAFE_INTEGER) });
    fc.assert(
      fc.property(anySignedBlock, safe, safe, safe, (signed, number, next, timestamp) => {
        const one = {
          block: {
            header: { ...signed.block.header, blockNumber: number, nextFinalizationBlockNumber: next },
            blockData: { ...signed.block.blockData, timestamp },
          },
          signature: signed.signature,
        };
        expect(unwrap(signedBlockFromJson(JSON.parse(JSON.stringify(signedBlockToJson(one)))))).toEqual(one);
      }),
      { numRuns: 30 },
    );
  });

  it("signedBlockToJson() throws above 2^53 - 1", () => {
    const header = { ...HEADER, blockNumber: 1n << 53n };
    expect(() => signedBlockToJson({ ...SIGNED, block: { ...SIGNED.block, header } })).toThrow(RangeError);
  });

  it("signedBlockFromJson() names the field that is missing or malformed", () => {
    const malformed: [field: string, values: unknown[]][] = [
      ["parent_hash", [undefined, null, 7, "0x", `0x${hex("01", 33)}`, `0x${hex("zz")}`, [`0x${hex("01")}`]]],
      ["block_number", ["2", -1, 1.5, 2 ** 53, null]],
      ["shard_id", [""]],
      ["block_data_hash", [hex("04", 33)]],
      ["next_finalization_block_number", [undefined]],
      ["timestamp", [NaN]],
      ["layer_one_head", ["0x00"]],
      ["block_author", [7, "", "5GrwvaEF", `0x${hex("08")}`]],
      ["signed_top_hashes", [null, ["0x"], "0x", Array(MAX_TOPS_PER_BLOCK + 1).fill("0x")]],
      ["encrypted_state_diff", [[256], [-1], [0.5], ["1"], `0x00`]],
      ["layer_one_number", [2 ** 32]],
      ["receipts_hash", [undefined]],
      ["prologue_hash", [undefined]],
      ["state_root", [undefined]],
      ["Ed25519", [undefined, hex("0f", 63), `0x${hex("0f", 64)}`, [hex("0f", 64)]]],
    ];
    for (const [field, values] of malformed) {
      for (const value of values) {
        const json = JSON.parse(JSON.stringify(signedBlockToJson(SIGNED)));
        const owners = [json.block.header, json.block.block_data, json.signature];
        for (const owner of owners) if (field in owner) owner[field] = value;
        expect(signedBlockFromJson(json), `${field} ${String(value)}`).toEqual({
          ok: false,
          error: { code: "InvalidBlockJson", field },
        });
      }
    }
  });

  it("signedBlockFromJson() refuses values that are no object", () => {
    for (const json of [null, undefined, 7, "x", [], {}, { block: 1 }, { block: null, signature: {} }]) {
      expect(signedBlockFromJson(json)).toMatchObject({
        ok: false,
        error: { code: "InvalidBlockJson", field: "block" },
      });
    }
  });
});
