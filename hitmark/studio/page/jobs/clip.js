/**
 * The frames of a finished clip as pictures. A clip has few frames: reading them all once makes every frame exact, every
 * loop seamless, and several clips stay in step by construction.
 */

const MOST_BYTES = 200e6; // of one clip in memory; above this its frames are kept smaller
const MOST_CLIPS = 8; // kept for coming back to; more than are ever on the screen at once
const PAINT_WITHIN = 400; // ms that a sought frame may take to be painted after the browser says it is there
const clips = new Map(); // job id and time -> {promise, pictures}, the last used one last

/**
 * Read all frames of a job's MP4.
 *
 * @param {Object} job a finished one.
 * @param {function(number, number)} onProgress frames read, frames in all.
 * @returns {Promise<ImageBitmap[]>}
 */
export function framesOf(job, onProgress = () => {}) {
  const key = `${job.id} ${job.seconds}`; // a retried job is another clip
  const known = clips.get(key);
  if (known) {
    clips.delete(key);
    clips.set(key, known);
    return known.promise;
  }
  const clip = { pictures: [], promise: null };
  clip.promise = readAll(job, clip.pictures, onProgress).catch((error) => {
    clips.delete(key);
    throw error;
  });
  clips.set(key, clip);
  for (const [first, oldest] of clips) {
    if (clips.size <= MOST_CLIPS) break;
    clips.delete(first);
    oldest.promise.then((pictures) => pictures.forEach((picture) => picture.close())).catch(() => {});
  }
  return clip.promise;
}

async function readAll(job, pictures, onProgress) {
  const answer = await fetch(job.files["clip.mp4"]);
  if (!answer.ok) throw new Error("The clip's file is gone. It may have been deleted from the studio's folder.");
  const address = URL.createObjectURL(await answer.blob());
  const video = document.createElement("video");
  video.muted = true;
  video.preload = "auto";
  try {
    await happened(video, "loadeddata", () => (video.src = address));
    const frames = job.frames || Math.max(1, Math.round(video.duration * job.fps));
    const size = keptSize(video, frames);
    for (let index = 0; index < frames; index += 1) {
      await seek(video, (index + 0.5) / job.fps);
      pictures.push(await createImageBitmap(video, size));
      onProgress(index + 1, frames);
    }
    return pictures;
  } finally {
    video.removeAttribute("src");
    video.load();
    URL.revokeObjectURL(address);
  }
}

function keptSize(video, frames) {
  const bytes = 4 * video.videoWidth * video.videoHeight * frames;
  if (bytes <= MOST_BYTES) return {};
  const scale = Math.sqrt(MOST_BYTES / bytes);
  return { resizeWidth: Math.round(video.videoWidth * scale), resizeQuality: "high" };
}

function happened(video, type, start) {
  return new Promise((resolve, reject) => {
    const failed = () => reject(new Error("This browser can not play the clip (H.264 in MP4). Download the GIF instead."));
    video.addEventListener(type, resolve, { once: true });
    video.addEventListener("error", failed, { once: true });
    start();
  });
}

/** Go to a moment, in seconds, and wait until its frame is the one that is painted. */
async function seek(video, moment) {
  const painted = framePainted(video);
  await happened(video, "seeked", () => (video.currentTime = moment));
  await painted;
}

function framePainted(video) {
  if (!video.requestVideoFrameCallback) return new Promise((resolve) => setTimeout(resolve, 30));
  return new Promise((resolve) => {
    const late = setTimeout(resolve, PAINT_WITHIN);
    video.requestVideoFrameCallback(() => {
      clearTimeout(late);
      resolve();
    });
  });
}
