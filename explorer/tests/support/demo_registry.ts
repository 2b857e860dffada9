// A registry with some of everything, for screenshots and tests of the explorer.
import type { Registry } from "../../../mod.ts";

const encoder = new TextEncoder();

/** Fills a registry. */
export async function fillDemo(registry: Registry): Promise<void> {
  for (let epoch = 1; epoch <= 4; epoch++) {
    await registry.save("vision:resnet/weights", noise(120_000 + epoch * 4000, epoch), {
      metadata: {
        epochs: epoch * 10,
        accuracy: Math.round(81 + epoch * 3) / 100,
        optimizer: "adamw",
      },
      inputs: epoch > 1 ? ["data:cells/train@1.0.0", "vision:resnet/config@1.0.0"] : [],
    }).catch(() => undefined);
    if (epoch === 1) await saveInputs(registry);
  }
  await registry.setAlias("vision:resnet/weights", "production", "2.0.0");
  await registry.setAlias("vision:resnet/weights", "production", "3.0.0");
  await registry.setAlias("vision:resnet/weights", "candidate", "4.0.0");
  await registry.save(
    "reports:accuracy",
    "# Accuracy\n\nEpoch 30 reaches **0.90** on held-out cells.\n",
    {
      inputs: ["vision:resnet/weights@3.0.0", "data:cells/test@1.0.0"],
    },
  );
  await registry.save("reports:summary", { best: "3.0.0", accuracy: 0.9, runs: [1, 2, 3] }, {
    inputs: ["reports:accuracy@1.0.0"],
  });
  await registry.save("app:thumbnails", noise(40_000, 9), {
    inputs: ["vision:resnet/weights@3.0.0"],
  });
  for (let i = 0; i < 24; i++) {
    await registry.save(`scans:plate-${String(1 + i % 6).padStart(2, "0")}/well-${i}`, {
      well: i,
      stain: ["dapi", "gfp", "rfp"][i % 3],
      cells: (i * 37) % 200,
    }, { metadata: { stain: ["dapi", "gfp", "rfp"][i % 3]!, cells: (i * 37) % 200 } });
  }
}

async function saveInputs(registry: Registry): Promise<void> {
  await registry.save("data:cells/raw", noise(90_000, 7), { metadata: { source: "microscope 2" } });
  for (const part of ["train", "test"]) {
    await registry.save(`data:cells/${part}`, noise(50_000, part.length), {
      inputs: ["data:cells/raw@1.0.0"],
      metadata: { part },
    });
  }
  await registry.save("vision:resnet/config", {
    depth: 50,
    learningRate: 0.0003,
    layers: [3, 4, 6, 3],
  });
}

/** Saves artifacts that try to run code, or to look like the page. */
export async function fillHostile(registry: Registry): Promise<void> {
  const script = "<script>alert(1)</script><img src=x onerror=alert(2)>";
  await registry.save("<b>x</b>", { "<i>key</i>": script }, { metadata: { "<u>m</u>": script } });
  await registry.save(
    "evil:svg",
    encoder.encode(
      `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(3)"><script>alert(4)</script></svg>`,
    ),
    { metadata: { type: "image/svg+xml" } },
  );
  await registry.save("evil:html", `<!doctype html>${script}<a href="javascript:alert(5)">x</a>`);
  await registry.save(
    "evil:markdown",
    `[x](javascript:alert(6)) ${script} ![y](http://example.com/a.png)`,
  );
  await registry.setAlias("<b>x</b>", "<img src=x onerror=alert(7)>", "1.0.0").catch(() =>
    undefined
  );
}

/** Returns bytes that look random and are always the same. */
function noise(length: number, seed: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = seed * 2654435761 >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}
