import { element } from "./element.js"
export const todayView = () => element("div", {}, "today")
