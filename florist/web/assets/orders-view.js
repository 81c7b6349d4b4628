import { element } from "./element.js"
export const ordersView = () => element("div", {}, "orders")
