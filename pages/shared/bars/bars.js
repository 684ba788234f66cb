// Draws rows, cut lines, the rest and the table of effects. Runs again on every change of data; the row of a place keeps
// its element so that a bar glides to its new length when a slider moves. Token ids are no key: endpoints tell none.
export default function (component) {
  const { parentElement, data, setTriggerValue } = component
  const figure = parentElement.querySelector("figure")
  const box = parentElement.querySelector(".rows")
  parentElement.querySelector("figcaption").textContent = data.label
  figure.classList.toggle("clickable", data.clickable)

  const scale = Math.max(
    1e-9,
    ...data.rows.flatMap((row) => [row.before, row.after ?? 0]),
    data.rest.before ?? 0,
    data.rest.after ?? 0,
  )
  // rows become buttons once the answer is finished, and an element cannot change what it is
  const rowTag = data.clickable ? "BUTTON" : "DIV"
  const reusable = [...box.querySelectorAll(".row")].filter((row) => row.tagName === rowTag || row.dataset.place === "rest")
  const kept = new Map(reusable.map((row) => [row.dataset.place, row]))
  const wanted = []
  data.rows.forEach((row, place) => {
    wanted.push(...data.cuts.filter((cut) => cut.row === place).map(cutLine))
    wanted.push(candidate(kept.get(String(place)) ?? emptyRow(rowTag, String(place)), row, scale))
  })
  wanted.push(...data.cuts.filter((cut) => cut.row >= data.rows.length).map(cutLine))
  if (data.rest.before !== null) wanted.push(restRow(kept.get("rest"), data.rest, scale))
  if (wanted.length !== box.children.length || wanted.some((row, i) => row !== box.children[i])) {
    const focused = parentElement.activeElement
    box.replaceChildren(...wanted)
    focused?.focus?.()
  }

  box.onclick = (event) => {
    const row = event.target.closest?.("button.row")
    if (row) setTriggerValue("chosen", data.rows[Number(row.dataset.place)].id)
  }
  drawEffects(parentElement.querySelector("table"), data.effects)
}

function candidate(element, row, scale) {
  const gone = row.removed_by !== null
  element.className = ["row", gone ? "gone" : "", row.taken ? "taken" : ""].join(" ").trim()
  element.querySelector(".token").textContent = visible(row.text)
  setBars(element, row.before, gone ? 0 : row.after, scale)
  element.querySelector(".after-number").textContent = gone ? `✕ ${row.removed_by}` : number(row.after)
  const spoken = gone ? `removed by ${row.removed_by}` : row.after === null ? "" : `${number(row.after)} after`
  element.setAttribute("aria-label", `${row.text.trim() || visible(row.text)}, ${number(row.before)} before, ${spoken}`)
  element.title = element.tagName === "BUTTON" ? "Continue the answer with this token instead" : ""
  return element
}

function restRow(existing, rest, scale) {
  const element = existing ?? emptyRow("DIV", "rest")
  element.className = "row rest"
  const many = rest.count === null ? "" : `${rest.count.toLocaleString("en")} `
  element.querySelector(".token").textContent = `${many}others`
  setBars(element, rest.before, rest.after, scale)
  element.querySelector(".after-number").textContent = rest.after === 0 ? "✕ removed" : number(rest.after)
  return element
}

function emptyRow(tag, place) {
  const element = document.createElement(tag)
  element.dataset.place = place
  if (tag === "BUTTON") element.type = "button"
  else element.setAttribute("role", "img") // so that the label is read
  const track = part("track")
  track.append(part("before"), part("after"))
  element.append(part("token"), track, part("before-number"), part("after-number"))
  return element
}

function setBars(element, before, after, scale) {
  element.querySelector(".before").style.width = `${(100 * before) / scale}%`
  element.querySelector(".after").style.width = `${(100 * (after ?? 0)) / scale}%`
  element.querySelector(".before-number").textContent = number(before)
}

function cutLine(cut) {
  const line = part("cut")
  const label = part("cut-label")
  label.textContent = cut.label
  line.append(label)
  return line
}

function part(name) {
  const element = document.createElement("span")
  element.className = name
  return element
}

// A token's white space is part of it: draw what would not be seen.
function visible(text) {
  if (text === "") return "(part of a character)"
  return text.replaceAll(" ", "␣").replaceAll("\n", "⏎").replaceAll("\t", "⇥").replaceAll("\r", "␍")
}

function number(probability) {
  if (probability === null) return ""
  const percent = probability * 100
  if (percent >= 99.95) return "100 %"
  if (percent >= 9.95) return `${percent.toFixed(0)} %`
  if (percent >= 0.095) return `${percent.toFixed(1)} %`
  return percent >= 0.001 ? `${percent.toFixed(3)} %` : percent > 0 ? "< 0.001 %" : "0 %"
}

function drawEffects(table, effects) {
  table.hidden = effects.length === 0
  const head = ["sampler", "setting", "keeps", "removes", "of the mass"].map((text) => cell("th", text))
  const body = effects.map((effect) =>
    line([effect.name, effect.setting, effect.kept, effect.removed, effect.mass].map((text) => cell("td", text))),
  )
  table.replaceChildren(line(head), ...body)
}

function line(cells) {
  const row = document.createElement("tr")
  row.append(...cells)
  return row
}

function cell(tag, text) {
  const element = document.createElement(tag)
  element.textContent = text
  return element
}
