// A small API in the manner of the published one, with one instance of each of its contradictions. Called by the tests beside the code.
import type { Json, JsonObject } from "../src/json.ts"

const mediaType = "application/vnd.api+json"

const content = (schema: Json, example?: Json): JsonObject => ({ [mediaType]: { schema, ...(example === undefined ? {} : { example }) } })
const object = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: "object", properties, ...more })
const text = { type: "string" }
const whole = { type: "integer", format: "int32" }

const vase = object({
  id: text,
  type: { type: "string", default: "vases" },
  attributes: object({
    title: text,
    glaze: { type: "string", enum: ["matt", "bright"] },
    price: whole,
    height: whole,
    weight: { type: "string", format: "decimal" },
    firedAt: { type: "string", format: "date-time" },
    madeOn: { type: "string", format: "date" },
    soldTo: text,
    shelf: text,
  }),
  relationships: object({ potter: object({ data: object({ id: { type: "integer" }, type: { type: "string", default: "potters" } }) }) }),
})

export const shownVase = {
  type: "vases",
  id: "v-1",
  attributes: {
    title: "Tall",
    glaze: "crackled",
    price: 76.5,
    height: 30,
    weight: 1.25,
    firedAt: "2026-03-01 10:00:00",
    madeOn: "2026-02-27T08:00:00+00:00",
    soldTo: null,
    shelf: 4,
  },
  relationships: { potter: { data: { type: "potters", id: "7" } } },
}

const place = "#/paths/~1v1~1vases~1%7Bid%7D/get/responses/200/content/application~1vnd.api%2Bjson/schema/properties/data"

export const smallDocument: JsonObject = {
  openapi: "3.0.3",
  paths: {
    "/v1/vases": {
      summary: "Beside the methods, as in the published document",
      get: {
        operationId: "ListVases",
        tags: ["Vases"],
        parameters: [{ name: "filter[glaze]", in: "query", required: false, schema: { type: "string", enum: ["matt", "bright"] } }],
        responses: {
          // Published as one, shown as many.
          "200": {
            content: content(object({ data: { $ref: place }, meta: object({ total: whole }) }), { data: [shownVase], meta: { total: 1 } }),
          },
          "400": { $ref: "#/paths/~1v1~1vases/post/responses/422" },
        },
      },
      post: {
        tags: ["Vases"],
        requestBody: {
          content: content(
            object({
              data: object({
                type: { type: "string", default: "vases" },
                id: text,
                attributes: object(
                  { title: text, price: whole, glaze: { type: "string", enum: ["matt", "bright"] } },
                  { required: ["title"] },
                ),
                relationships: object({ potter: object({ data: object({ id: text, type: { type: "string", default: "potters" } }) }) }),
              }),
            }),
            {
              data: {
                type: "vases",
                attributes: { title: "Low", price: 10, glaze: "matt" },
                relationships: { potter: { data: { type: "potters", id: 7 } } },
              },
            },
          ),
        },
        responses: {
          "201": {
            content: content(object({ data: { type: "object", $ref: place } }), {
              data: { ...shownVase, relationships: { potter: { data: null } } },
            }),
          },
          "422": {
            description: "Wrong",
            content: content(object({ errors: { type: "array", items: { $ref: "#/components/schemas/Error" } } })),
          },
        },
      },
    },
    "/v1/vases/{id}": {
      get: {
        operationId: "GetVase",
        tags: ["Vases"],
        parameters: [{ name: "id", in: "path", required: true, schema: text }],
        responses: { "200": { content: content(object({ data: vase }), { data: shownVase }) } },
      },
      delete: { tags: ["Vases"], responses: { "204": {}, "200": { content: content({ type: "object" }) } } },
    },
    "/v1/photos": {
      post: {
        tags: ["Photos"],
        requestBody: {
          content: { "multipart/form-data": { schema: object({ file: text }, { required: ["id"] }), example: { file: "(binary)" } } },
        },
        // Leads through the reference of another answer, nowhere, and into itself.
        responses: {
          "200": {
            content: content(
              object({
                data: object({
                  id: text,
                  type: text,
                  attributes: {
                    $ref: "#/paths/~1v1~1vases/post/responses/201/content/application~1vnd.api%2Bjson/schema/properties/data/properties/attributes",
                  },
                  lost: { $ref: "#/components/schemas/Nobody" },
                  endless: { $ref: "#/components/schemas/Endless" },
                }),
              }),
            ),
          },
        },
      },
    },
  },
  components: {
    schemas: {
      Error: object(
        { id: text, status: text, code: text, title: text, detail: text },
        { required: ["id", "status", "code", "title", "detail"] },
      ),
      Endless: object({ again: { $ref: "#/components/schemas/Endless" } }),
    },
  },
}
