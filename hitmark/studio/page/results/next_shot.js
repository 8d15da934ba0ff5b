/** The scene of the shot after a clip. */

import { centeredAt, sizeOfBox, tidyBox } from "../scene/geometry.js";

const GONE = 1e-9;

/**
 * A scene that begins where a clip ended.
 * @param {object} job a finished one, with scene, tracks and, where an observer looked, `found` in pixels
 * @param {{id: string}} picture its last frame
 * @returns {object} subjects that were to be seen until the end have one keyframe: where they were found, else planned
 */
export function shotAfter(job, picture) {
  const { subjects = [], notes: _, camera: __, ...kept } = structuredClone(job.scene);
  const stay = subjects.filter((subject) => (subject.visible ?? [0, 1])[1] >= 1 - GONE);
  return {
    ...kept,
    image: `pictures/${picture.id}.png`,
    ...(job.scene.image ? {} : { model: undefined, method: undefined }), // from text: it starts from a picture now
    subjects: stay.map(({ visible: ___, path, ...subject }) => ({
      ...subject,
      keyframes: [{ time: 0, box: lastBox(job, subject) }],
      ...(path ? { path } : {}),
    })),
  };
}

/** The planned box at the end, about the place where its subject was found last. */
function lastBox(job, subject) {
  const box = job.tracks?.find((track) => track.kind === "subject" && track.name === subject.name)?.boxes.at(-1) ?? subject.keyframes.at(-1).box;
  const place = job.found?.[subject.name]?.at(-1);
  const [width, height] = sizeOfBox(box);
  const whole = width > 0 && height > 0 && place;
  return tidyBox(whole ? centeredAt(box, [place[0] / job.width, place[1] / job.height]) : box);
}
