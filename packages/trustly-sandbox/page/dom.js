// @ts-check
/** Elements. All data goes into the page as text, never as markup. */

/** @template {HTMLElement} T @param {string} id @param {new () => T} type @returns {T} */
export const byId = (id, type) => {
  const element = document.getElementById(id)
  if (!(element instanceof type)) throw new Error(`The page has no ${id}`)
  return element
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {{ readonly [property: string]: unknown } | null} properties
 * @param {...(Node | string)} children
 */
export const make = (tag, properties, ...children) => {
  const element = document.createElement(tag)
  Object.assign(element, properties)
  element.append(...children)
  return element
}

/** Announces a text to screen readers. @param {string} text */
export const announce = (text) => {
  // a new node is read out even if it has the same text
  byId("live", HTMLElement).replaceChildren(text)
}

/** @param {HTMLButtonElement} button */
export const isPressed = (button) => button.ariaPressed === "true"

/** @param {HTMLElement | undefined} row */
const focusIn = (row) => {
  const target = row?.querySelector("button, summary")
  if (target instanceof HTMLElement) target.focus({ preventScroll: true })
}

/** Opens the details that were open in an earlier rendering. @param {HTMLElement} before @param {HTMLElement} next */
const keepOpen = (before, next) => {
  const open = new Set([...before.querySelectorAll("details[open]")].map(({ id }) => id))
  for (const details of next.querySelectorAll("details")) details.open = open.has(details.id)
}

/**
 * Lists items in the given order. It renders an item again only if the object is another one, so that focus, scroll position, and
 * open details stay.
 *
 * @template T
 * @param {HTMLElement} list
 * @param {(item: T) => string} key
 * @param {(item: T) => HTMLElement} render
 */
export const keyedList = (list, key, render) => {
  /** @type {Map<string, { item: T, element: HTMLElement }>} */
  let shown = new Map()

  /** @param {T} item */
  const elementOf = (item) => {
    const before = shown.get(key(item))
    if (before?.item === item) return before.element
    const element = render(item)
    element.dataset["key"] = key(item)
    if (before !== undefined) {
      keepOpen(before.element, element)
      before.element.replaceWith(element)
    }
    return element
  }

  return (/** @type {ReadonlyArray<T>} */ items) => {
    const focused = list.contains(document.activeElement)
      ? document.activeElement?.closest("li")?.dataset["key"]
      : undefined
    const next = new Map(items.map((item) => [key(item), { item, element: elementOf(item) }]))
    for (const [id, { element }] of shown) {
      if (!next.has(id)) element.remove()
    }
    let place = list.firstElementChild
    for (const { element } of next.values()) {
      if (place === element) place = element.nextElementSibling
      else list.insertBefore(element, place)
    }
    shown = next
    if (focused !== undefined && !list.contains(document.activeElement)) focusIn(next.get(focused)?.element)
  }
}

/** @type {Set<() => void>} */
const pending = new Set()

/** Schedules a rendering. Each function runs at most ten times a second. @param {() => void} show */
export const refresh = (show) => {
  if (pending.size === 0) {
    setTimeout(() => {
      const due = [...pending]
      pending.clear()
      for (const part of due) part()
    }, 100)
  }
  pending.add(show)
}

/**
 * Copies a text, or selects the element that shows it if the browser forbids copying.
 *
 * @param {string} text
 * @param {HTMLElement} element
 */
export const copy = async (text, element) => {
  try {
    await navigator.clipboard.writeText(text)
    announce("Copied")
    return true
  } catch {
    getSelection()?.selectAllChildren(element)
    return false
  }
}
