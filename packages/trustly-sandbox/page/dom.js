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

/** Tells those who do not see the page. @param {string} text */
export const say = (text) => {
  // a new node is read out even if it says the same again
  byId("live", HTMLElement).replaceChildren(text)
}

/** @param {HTMLElement | undefined} row */
const focusIn = (row) => {
  const target = row?.querySelector("button, summary")
  if (target instanceof HTMLElement) target.focus({ preventScroll: true })
}

/** @param {HTMLElement} before @param {HTMLElement} after */
const keepOpen = (before, after) => {
  const details = after.querySelector("details")
  if (details !== null) details.open = before.querySelector("details")?.open ?? false
}

/**
 * Lists items in the order given. An element is made again only when its item is another one: focus, scroll and what is open
 * stay.
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
const stale = new Set()

/** Shows a part again soon, ten times a second at the most. @param {() => void} show */
export const refresh = (show) => {
  if (stale.size === 0) {
    setTimeout(() => {
      const now = [...stale]
      stale.clear()
      for (const part of now) part()
    }, 100)
  }
  stale.add(show)
}
