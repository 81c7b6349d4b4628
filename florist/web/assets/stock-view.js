import { element } from "./element.js"
export const stockView = () => element("div", {}, "stock")
