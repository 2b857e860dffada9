// The place for dropped files. Two buttons do the same for the keyboard.
import { html } from "../../framework/html.ts";
import { useRef, useState } from "../../framework/preact.ts";
import { type ChosenFile, chosenFiles, droppedFiles } from "./chosen_files.ts";

export function DropZone(
  { choose, disabled }: { choose: (files: ChosenFile[]) => void; disabled: boolean },
) {
  const [over, setOver] = useState(false);
  const files = useRef<HTMLInputElement>(null);
  const folder = useRef<HTMLInputElement>(null);
  const onDrop = async (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    if (!disabled && event.dataTransfer !== null) {
      choose(await droppedFiles(event.dataTransfer.items));
    }
  };
  const onDragOver = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  const onChange = (event: Event) => {
    const { files } = event.currentTarget as HTMLInputElement;
    if (files !== null && files.length > 0) choose(chosenFiles(files));
  };
  return html`
    <div class=${over ? "drop over" : "drop"} onDrop=${onDrop} onDragOver=${onDragOver}
      onDragLeave=${() => setOver(false)}>
      <p>Drop files or a folder here, or choose them.</p>
      <div class="row">
        <button type="button" class="button" disabled=${disabled}
          onClick=${() => files.current!.click()}>Choose files</button>
        <button type="button" class="button" disabled=${disabled}
          onClick=${() => folder.current!.click()}>Choose a folder</button>
      </div>
      <input ref=${files} class="hidden" type="file" multiple tabindex="-1" aria-label="Files"
        onChange=${onChange} />
      <input ref=${folder} class="hidden" type="file" webkitdirectory tabindex="-1"
        aria-label="Folder" onChange=${onChange} />
    </div>
  `;
}
