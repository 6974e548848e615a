// What a unit is and what a change makes of it. No document, no network: plain functions.

export const NOTHING = 0, PREDICTED = 1, PROPOSED = 2, PLACED = 3, ABSENT = 4;
export const [X, Y, V, STATE, SURE, ERROR, AGREES] = [0, 1, 2, 3, 4, 5, 6];

export const isShown = (joint) => joint[STATE] !== NOTHING && joint[STATE] !== ABSENT;
export const isSuggested = (joint) => joint[STATE] === PREDICTED || joint[STATE] === PROPOSED;
export const isSettled = (joint) => joint[STATE] === PLACED || joint[STATE] === ABSENT;

/** Whether somebody has said anything of a person. */
export const isSaid = (person) =>
  person.views.some((view) => view.reason || view.joints.some(isSettled));

/** Cells [annotation, joint, x, y, v] that accept the suggestions of some views. */
export function accepted(views, onlyJoint = null) {
  const cells = [];
  for (const view of views) {
    if (view.reason) continue;
    view.joints.forEach((joint, k) => {
      if (isSuggested(joint) && (onlyJoint === null || k === onlyJoint)) {
        cells.push([view.id, k, joint[X], joint[Y], 2]);
      }
    });
  }
  return cells;
}

/** Cells that exchange the left and right joints of a view; a pair of which one is shown too. */
export function swapped(view, pairs) {
  const cells = [];
  const taken = (k, joint) => isShown(joint)
    ? [view.id, k, joint[X], joint[Y], joint[V]] : [view.id, k, 0, 0, 0];
  for (const [a, b] of pairs) {
    const [left, right] = [view.joints[a], view.joints[b]];
    if (isShown(left) || isShown(right)) cells.push(taken(a, right), taken(b, left));
  }
  return cells;
}

/** The views as they will be once cells are saved; errors are known by the server only. */
export function withCells(views, cells) {
  const changed = new Map(cells.map((cell) => [`${cell[0]},${cell[1]}`, cell]));
  return views.map((view) => ({
    ...view,
    joints: view.joints.map((joint, k) => {
      const cell = changed.get(`${view.id},${k}`);
      if (!cell) return joint;
      const [, , x, y, v] = cell;
      return [x, y, v, v ? PLACED : ABSENT, null, null, true];
    }),
  }));
}

/** In how many views a joint is placed, and in how many it could be. */
export function count(views, k) {
  const open = views.filter((view) => !view.reason);
  return {
    placed: open.filter((view) => view.joints[k][STATE] === PLACED).length,
    settled: open.filter((view) => isSettled(view.joints[k])).length,
    suggested: open.filter((view) => isSuggested(view.joints[k])).length,
    views: open.length,
  };
}

/** How many clicks a joint needs: in some views of a rig, and in each that follows no other. */
export function clicksFor(views, need) {
  const open = views.filter((view) => !view.reason);
  const rig = open.filter((view) => view.follows).length;
  return open.length - rig + Math.min(need, rig);
}

/** Whether joint k needs no more clicks: enough of them, or every view is settled. */
export function isEnough(views, k, need) {
  const rig = views.filter((view) => view.follows);
  const { placed, settled, views: all } = count(rig, k);
  const alone = views.filter((view) => !view.follows && !view.reason);
  return alone.every((view) => isSettled(view.joints[k]))
    && (settled >= all || placed >= Math.min(need, all));
}

/** The joint to ask for after one was placed; the same one while it is not enough. */
export function nextJoint(person, k, mode, need, view = null) {
  const open = (j) => mode === 'view' && view
    ? !isSettled(view.joints[j]) : !isEnough(person.views, j, need);
  if (mode !== 'view' && open(k)) return k;
  const start = person.order.indexOf(k);
  for (let step = 1; step <= person.order.length; step += 1) {
    const j = person.order[(start + step) % person.order.length];
    if (open(j)) return j;
  }
  return k;
}

/** The joint of a view that is nearest to a place, within a reach in pixels; null for none. */
export function nearest(view, x, y, reach, filter = isShown) {
  let best = null, least = reach;
  view.joints.forEach((joint, k) => {
    const distance = Math.hypot(joint[X] - x, joint[Y] - y);
    if (filter(joint) && distance <= least) [best, least] = [k, distance];
  });
  return best;
}

/** A place held inside the image, whose pixel centres stand at whole numbers. */
export function inside(view, x, y) {
  const round = (value) => Math.round(value * 1000) / 1000;
  return [round(Math.min(Math.max(x, -0.5), view.width - 0.5)),
    round(Math.min(Math.max(y, -0.5), view.height - 0.5))];
}

/** Columns that make n pictures of a shape as large as an area lets them be. */
export function columns(n, width, height, shape, gap = 8) {
  let best = 1, largest = 0;
  for (let cols = 1; cols <= n; cols += 1) {
    const rows = Math.ceil(n / cols);
    const w = Math.min((width - gap * (cols + 1)) / cols,
      ((height - gap * (rows + 1)) / rows) * shape);
    if (w > largest) [best, largest] = [cols, w];
  }
  return { columns: best, width: Math.floor(largest) };
}

export function minutes(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** 1 view, 2 views. */
export const amount = (number, words) =>
  `${number} ${number === 1 ? words.replace(/s$/, '') : words}`;
