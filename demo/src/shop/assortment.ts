// What the demo's flower shop sells: categories, items, recipes, suppliers. Roubles and units, as the API has them. Called by the season.

export interface Goods {
  key: string
  title: string
  category: string
  /** Roubles for one, sold and bought. */
  price: number
  cost: number
  /** Days; null for what does not wither. */
  fresh: number | null
  /** Below this it is bought again. */
  minimum: number
  supplier: string
  /** How often a customer takes it by itself, against the others. */
  liked: number
}

export interface Recipe {
  title: string
  price: number
  parts: readonly (readonly [goods: string, quantity: number])[]
}

export const categories = ["Roses", "Seasonal flowers", "Greens", "Pots", "Wrapping and vases", "Gifts"] as const

const flower = (
  key: string,
  title: string,
  category: string,
  price: number,
  cost: number,
  fresh: number,
  minimum: number,
  liked: number,
): Goods => ({
  key,
  title,
  category,
  price,
  cost,
  fresh,
  minimum,
  supplier: category === "Roses" ? "Rose plantation" : "Flower auction",
  liked,
})
const ware = (key: string, title: string, category: string, price: number, cost: number, minimum: number, liked: number): Goods => ({
  ...flower(key, title, category, price, cost, 0, minimum, liked),
  fresh: null,
  supplier: "Wholesale store",
})

export const goods: readonly Goods[] = [
  flower("rose-red", "Rose Explorer 60 cm", "Roses", 180, 82, 9, 60, 10),
  flower("rose-white", "Rose White Naomi 60 cm", "Roses", 175, 80, 9, 40, 5),
  flower("rose-pink", "Rose Pink Mondial 50 cm", "Roses", 160, 71.5, 9, 40, 6),
  flower("rose-spray", "Spray rose Odilia", "Roses", 210, 99, 8, 25, 4),
  flower("tulip-red", "Tulip Strong Love", "Seasonal flowers", 90, 38, 6, 60, 8),
  flower("tulip-yellow", "Tulip Strong Gold", "Seasonal flowers", 90, 38, 6, 50, 6),
  flower("mimosa", "Mimosa branch", "Seasonal flowers", 240, 115, 5, 10, 3),
  flower("eustoma", "Eustoma Rosita", "Seasonal flowers", 230, 110.4, 8, 20, 3),
  flower("chrysanthemum", "Spray chrysanthemum Baltica", "Seasonal flowers", 190, 78, 16, 25, 4),
  flower("alstroemeria", "Alstroemeria Whistler", "Seasonal flowers", 140, 57, 12, 25, 3),
  flower("hydrangea", "Hydrangea Verena", "Seasonal flowers", 480, 255, 7, 8, 2),
  flower("gypsophila", "Gypsophila Xlence", "Greens", 120, 46, 10, 15, 1),
  flower("eucalyptus", "Eucalyptus Cinerea", "Greens", 95, 36.25, 14, 20, 1),
  flower("pistacia", "Pistacia", "Greens", 60, 21, 12, 20, 1),
  { ...flower("orchid", "Phalaenopsis in a pot", "Pots", 2_400, 1_290, 45, 3, 1), supplier: "Flower auction" },
  { ...flower("spathiphyllum", "Spathiphyllum in a pot", "Pots", 1_350, 640, 60, 3, 1), supplier: "Flower auction" },
  ware("paper", "Kraft paper, metre", "Wrapping and vases", 60, 14.3, 60, 0),
  ware("ribbon", "Satin ribbon, metre", "Wrapping and vases", 40, 8.75, 60, 0),
  ware("box", "Hat box", "Wrapping and vases", 650, 260, 8, 0),
  ware("vase", "Glass vase", "Wrapping and vases", 1_190, 480, 4, 1),
  ware("card", "Greeting card", "Gifts", 120, 31, 20, 3),
  ware("chocolate", "Box of chocolates", "Gifts", 690, 395, 8, 2),
]

export const recipes: readonly Recipe[] = [
  {
    title: "Eleven red roses",
    price: 2_490,
    parts: [
      ["rose-red", 11],
      ["eucalyptus", 2],
      ["paper", 1.5],
      ["ribbon", 1.2],
    ],
  },
  {
    title: "Spring in a box",
    price: 3_290,
    parts: [
      ["tulip-red", 9],
      ["tulip-yellow", 8],
      ["mimosa", 2],
      ["box", 1],
      ["ribbon", 0.8],
    ],
  },
  {
    title: "Tender morning",
    price: 3_750,
    parts: [
      ["rose-pink", 7],
      ["eustoma", 4],
      ["gypsophila", 3],
      ["paper", 2],
      ["ribbon", 1.5],
    ],
  },
  {
    title: "Cloud",
    price: 4_990,
    parts: [
      ["hydrangea", 3],
      ["rose-white", 7],
      ["rose-spray", 3],
      ["pistacia", 4],
      ["paper", 2.5],
      ["ribbon", 1.5],
    ],
  },
  {
    title: "For every day",
    price: 1_690,
    parts: [
      ["chrysanthemum", 3],
      ["alstroemeria", 3],
      ["pistacia", 2],
      ["paper", 1],
      ["ribbon", 0.7],
    ],
  },
  {
    title: "Twenty-five tulips",
    price: 2_150,
    parts: [
      ["tulip-red", 13],
      ["tulip-yellow", 12],
      ["paper", 1.5],
      ["ribbon", 1],
    ],
  },
]

export const suppliers = [
  { title: "Rose plantation", deliveryDays: 2 },
  { title: "Flower auction", deliveryDays: 1 },
  { title: "Wholesale store", deliveryDays: 3 },
] as const

export const writeOffReasons = ["Withered", "Broken", "Spoilt in transit"] as const
export const discountReasons = ["Regular customer", "Birthday", "Last day of freshness"] as const
export const orderSources = ["In the shop", "Telephone", "Website", "Messenger", "Marketplace"] as const
export const cashReasons = [
  { title: "Change from the bank", typeReason: "deposit" },
  { title: "To the bank", typeReason: "withdraw" },
  { title: "Household needs", typeReason: "withdraw" },
] as const
