// The keyboard map: what the page does at a key, and what the help says of it.

export const KEYS = [
  ['Place', [
    ['click', 'place the joint that is asked for'],
    ['drag', 'move a joint; beside one, move the picture'],
    ['Space', 'nextJoint', 'next joint'],
    ['Shift Space', 'previousJoint', 'joint before'],
    ['Shift ←↑→↓', 'nudge', 'move the joint by a pixel, with Alt by a quarter'],
    ['H', 'hidden', 'hidden or visible'],
    ['X', 'delete', 'not in the picture: no label'],
    ['S', 'swap', 'swap left and right in this view'],
    ['C', 'cannot', 'this person cannot be labelled'],
  ]],
  ['Suggestions', [
    ['E', 'acceptJoint', 'accept this joint in all views'],
    ['A', 'accept', 'accept all, in all views'],
    ['Shift A', 'acceptView', 'accept those of this view, as it is'],
    ['P', 'suggestions', 'show or hide them'],
  ]],
  ['Look', [
    ['1 … 9', 'enlarge', 'enlarge a view'],
    ['0  Esc', 'grid', 'all views side by side'],
    ['V', 'nextView', 'next view (Shift V: view before)'],
    ['wheel  + −', 'zoom', 'zoom'],
    ['F', 'fit', 'the person, or the whole image'],
    ['← →', 'peek', 'images before and after, for context; Esc comes back'],
    ['M', 'mode', 'joint by joint, or view by view'],
    ['N', 'nextPerson', 'next person of this unit'],
  ]],
  ['Go on', [
    ['Z', 'undo', 'undo, without end'],
    ['Shift Z', 'redo', 'redo'],
    ['Enter', 'done', 'done, next unit'],
    ['Page ↑ ↓', 'turn', 'unit before, unit after'],
    ['U', 'overview', 'all units, and finish'],
    ['?', 'help', 'this map'],
  ]],
];

const PLAIN = {
  ' ': 'nextJoint', h: 'hidden', x: 'delete', Delete: 'delete', Backspace: 'delete', s: 'swap',
  c: 'cannot', e: 'acceptJoint', a: 'accept', p: 'suggestions', 0: 'grid', Escape: 'grid',
  v: 'nextView', '+': 'zoomIn', '=': 'zoomIn', '-': 'zoomOut', f: 'fit', m: 'mode',
  n: 'nextPerson', z: 'undo', y: 'redo', Enter: 'done', u: 'overview', '?': 'help',
  ArrowLeft: 'before', ArrowRight: 'after', PageUp: 'previousUnit', PageDown: 'nextUnit',
};
const SHIFTED = {
  ' ': 'previousJoint', a: 'acceptView', v: 'previousView', z: 'redo', '?': 'help', '+': 'zoomIn',
};
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** What a key event asks for: [action, argument], or null. */
export function actionOf(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) {
    if (key === 'z') return [event.shiftKey ? 'redo' : 'undo'];
    return key === 'y' ? ['redo'] : null;
  }
  if (event.shiftKey && STEPS[key]) {
    const size = event.altKey ? 0.25 : 1;
    return ['nudge', STEPS[key].map((step) => step * size)];
  }
  if (event.altKey) return null;
  if (/^[1-9]$/.test(key)) return ['enlarge', Number(key) - 1];
  const action = event.shiftKey ? SHIFTED[key] : PLAIN[key];
  return action ? [action] : null;
}
