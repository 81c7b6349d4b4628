// What each role is offered; the services decide. Called by the navigation and by every view.
const management = ["owner", "manager"]
const selling = [...management, "florist", "cashier"]
const handling = [...management, "florist"]
const everyone = [...selling, "courier"]

const allowed = { sell: selling, handleStock: handling, seeStock: selling, manage: management, deliver: everyone }

export const may = (who, what) => allowed[what].includes(who.role)
