"use strict";

const byId = (id) => document.getElementById(id);
const pageData = () => JSON.parse(byId("data").textContent);
const counted = (number, one, many) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;
const folded = (text) => text.normalize("NFKC").toLocaleLowerCase();
const isTyping = () => document.activeElement?.matches("input:not([type=radio], [type=checkbox])");

/** Make an element. Whatever is text becomes text, never markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
