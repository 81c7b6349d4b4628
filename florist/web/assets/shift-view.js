import { element } from "./element.js"
export const shiftView = () => element("div", {}, "shift")
