// Output of pyarrow 26: five rows of seven columns as a file and as a stream, columns that no
// table has, texts in views, and four hundred rows whose buffers are packed. Deflated, for most of
// an Arrow file is zeros.
import { inflateSync } from "node:zlib";
import { fileOf } from "../format_files.ts";
import type { FileToDecode } from "../../../core/file_store.ts";

const FILES = {
  file:
    "eNrtVr9rFEEUfrM7t1nCglscYUMUUlhYKthng00KIUeI2FjcaXOCSEDBaAKXMmD+gHRJYaFdSssDmxQB8yfYCJZXWKTyfDPzZp39bpcYbFL4jn" +
    "cz773v/Zg373ZvdWNj/fE9oinTWBHlZGieMkqoQynvmJQmzcsHxph1jvkFY28z/+T9GfMB8xPmLpkYBXsmjMt435WYqmNs95lvMmtyxCHoGXPK" +
    "H6NNxVZwLmNe5q9vv6bTrpVVZGIV4P+Gc6WsSXhv8KXDzucNuV7bXJn1SEVr7DHzo80HtOt8k1zOEvo+Nedm+7HDxE21vLSRE1sLUURnQd1Yy3" +
    "OpJeVOpaIubf+6Vf+M5PvXlO+VlXWlM/f4UWo3lPHO3WRmo1Gkra0Qu7th13d/9wUjtVgeij6mPxTukXJYQ6xq8VW2U862/fZddY7PKjzHQv0c" +
    "sbZn+FFFqdedqdm6b0BOd/56vQXolwF/B9YenKUH9m3w3wN5H/z3wf8E7F72fTmFeOdgJ/m9xoBrk+mK9jb8Lei1kjoGXz5Njg73BkvBvDKNoD" +
    "0z9+ToYqWOuxjV0ZORz7sIcSTPdGf4/et7NRs/nEEteKNfaqklCuL+zZxuXTKnUcucImUwrwrmlkDOYZ48/i7YS/AvAb8Gcg/8++Dfh9/REOxD" +
    "sPs5jQDXJqt/tFPDfBoatMxf1Hgbk1HcYvd+4SxFwT6vns2pfUtmgu5L77XgDyXwWAL6513Zqeu3IPe5qj8v/Dz8f4df73d4wfe9av+T/Qa1LK" +
    "0k",
  stream:
    "eNqlUztLxEAQnk1iDEfAFIdEVLjCwtLC3oCNhcUV2ll42pwgIih4PiCWB/oD7LSw0M7SUrCxEPQn2AiWV1hYGWcfOTffJag4x9zu7PfNY2cnWZ" +
    "Zld4IoIik1CsmnIQp4xyI88ni5ZI5ch1k3mTvF+s77R9ZT1hXWOskYMXv6zAt5XzcxxZDEZlknWD3SwiFonTXgnzwNDBZzLgk3+O/lM8vqyhaO" +
    "jBWD/x7nCvjE573kJ5pbi0py7apcofIIzKnEXdblpXk60r5+ZO5i+67JezN+oTluWS1bKrKvaiFy6NGqG2vZMLUE3KnAHCeqf/V+/6SV968s34" +
    "6yvf4Zp8uuTO1SQt7plwxVNHI8hcUG1y+s+56/fcxMzyCL5tylb7H3KBGsNldU+ArVKY119g/697gV9j1Gi/dwPXWHt36UYt2hGKx7BHLq+xfr" +
    "jeG8AfxpWJtwlybgHfA/BrsL/l3wvwE8t/O+PEC8Z8DJfK8u8Kps+iNexZ+EXgtTR+v+und+dtwat+aVJYX2DLyTlo+5Iu8jLbJ7aZ53DOKYPN" +
    "lh+/XpRAzGt2fQM3x5Pl5Ri2PF/c2cbv8wp07FnKKEMK8C5pbAjmCecv4M4An4J8BfALsJ/qvgvwrfURvwNuD5nDrAq7LFP3EqmU8prYr5c0pf" +
    "o5e6FXjuZ8+SY+2/AIeIeQQ=",
  others:
    "eNrtVrFuE0EQnb27OId1wBUnlAKJK1M6EoqokCMad7GiIFxQxCQGn3BMFJ+RoaKgcEERKQ1lCgoKCko+gCIlFV9Ag4RQSgrI8WZ3T94M5wJK5J" +
    "HGu3fvzezM7M6tN7a2Nu+tERWQjk8UE0udIqrREoWYQVRAAYZP50XB4xXoD4/oJXQVeqaITqGvoB1oCv0CznvoFHof2oCybftXUcBhwuus2Hcs" +
    "S9BB9/BRD+M7cCaGFzIvcXgIkfa6z+j7OeNEJ4anpD8eh+PBgOc/wTk1PL/K38O1dUrh75vheMy5Ljjj9Zv4raEiAX6JmszRMah6FX/U2wU31G" +
    "9Di/H7u9t3aNuxc2PxeJ0R0euCce+CzXTOWly3YTd72tOx1XRs4NEHw7/E/FTUJc/2uczgR9oqtKtzTmfGLqiq04NsSC3Eluj41HJV3ns670hn" +
    "HdqccBy0HWaXE8dG2TU45lF+ON7Nid6ClxezfXBjYH6X19A4KY73xHCjxMlTOWdhkI1yk7c9w45veV6yvLfP84+O/xgRcF2XkRM/mf7484xwnk" +
    "8em5qGYIc25KbFub9avsmHJaJrtsMi7Zn8QMdzRKXU8WzqyD0YeaY3Fc3kBs2XUIzz3scCjwW+IvB5zyU/FXgq/DYE3hD2t5y9JttnrjQFvyXw" +
    "lsDbAm8LvCPwjsB3BL4j8L7A+855YDkQ+IFz3lgmAp+Iek1FPUpMCbv/5Vn9g72qsLta0RPKrfeb48/l95Plq39x3wordHv2bata/7nDL/cmQp" +
    "fXdGfHprex23zOV53vU986bNvxSPhf3LWLu3Zx1/79XfsChdnQ/2l/Ax/1Jek=",
  views:
    "eNqFkMENwjAMRX9KUiIUoRwq1AMHDgzCCKzQAwyAEGfGYRTGYBP3x7VEFVHxpR/nObGdVkTkBSCjaIOEFgGRO8p5MkiRq7cVaOiz7d+s58Wm1B" +
    "8sVxTo4Xq/3LQ+0WutL11POq8jt8wmpWm+60vsZ30c/VD2muM4+TB2dp6wsxcn7YSVx956TNqSs70+kYAnfbRvdvjKVRywrFxF/OE4yzXVHCzw" +
    "8ONc9H8DI2LkGFo=",
  lz4:
    "eNrN1nmYTlUcAOA7OxqZkKUsoVAolCWUUShkyZItO6GQLRRqKBQKhUKhUCgUyhIKhUKhQlFRUVFRUajo/b65U9M89X/ned7v/M6Ze+4599w793" +
    "drNW3auGWFIDinzA+CICWIlBxBcpAYJATZREpMvHaglc1vfPgbBLGkhvFe4x2YEBlfIOyLDmVAtB0f7UsJ8hqfGCRFz5gSzhcTG6kLZRnXMzpn" +
    "MknROSPdqeHfI+vdq84btpPNmr7i5OiZg7j46PlOJQZ/lWQ9KdH1px8zJJwzco6JMX8fl7HWhOC/S+ew7pGlP6PdNpx3S1iXy3RMbJb5gn9ppy" +
    "WHaynesEDH1JENhEVtyrnheWImxuTKFpwblCc2I4jLCOIzgoSMIDEjSEoP+jXJst7aif+YRzMtCC89cutzhdtTkCKUoHR4ORWpQg1qUZfIOiNT" +
    "tKANHega3so+4aMQ2fbhjGQM45nEVGYwm3ksZAnLWcU6Nka2lO3sYg/7OchhjnKck5yJPCaRS7O12TmfPBSgMMUpRVkqUJnqpFKH+jSmOa1pTx" +
    "d60Jv+DGYYIxjNuJj0WzmF6cxiLgtYzDJWspYNbGYbO9nNPg5wiCMc4wSnOUucZycbOclNfgpRjJKUoTyVqEZNalOPRjSjFe3oTHd60Y9BDCWN" +
    "UYxlApOZxkzmMJ9FLGUFa1jPJrayg4/4hM/5im/5gZ85xR/ExgVBEslcQD4u5hIu4wqu4hqu5Xpu5GYa0pSW3E4n7uAu+nIP9/EAD/EIj/EET/" +
    "EMz/ECL/EKr/E6b/I27/I+H/Ixn/El3/A9P/Erv8dF35BBIueRwoVcRFEu5XKu5Gqqch03cBO3cCu30ZaOdONO7mYg93I/D/Iwj/I4T/I0z/I8" +
    "L/Iyr7KaN3iLd3iPD9jLp3zB13zHj/zCb+F7L4Ec5CIvBSlCCUpTjopUoQa1qEsDmtCCNnSgKz3pwwCGMJyRjGE8k5jKDGYzj4UsYTmrWMdGtr" +
    "CdXexhPwc5zFGOc5IznCPeKy4755OHAhSmOKUoSwUqU51U6lCfxjSnNe3pQg9605/BDGMEoxnHRKYwnVnMZQGLWcZK1rKBzWxjJ7vZxwEOcYRj" +
    "nOA0Z4lL8v9PTnKTn0IUoyRlKE8lqlGT2tSjEc1oRTs6051e9GMQQ0ljFGOZwGSmMZM5zGcRS1nBGtazia3sSMqUXzIaYX7JF8kJfXt1GtgtIZ" +
    "rCldVNou1MeT0Iv0OSpZ7EaLZOSc/psnLVMAHFh98IK8NxB8I6c74P/kffLDsiSTL6rfUnF8UYng==",
  zstd:
    "eNrNVX1MFFcQn1m4x9We9WSJi8neyxqN1fYu3iFftZY7DW3UtnpBG9BYXAG/6qmHIDZtI/cS2zStrfeHTTSxdFNrYhNNSKuNf7R6VkT85FQUVM" +
    "KtfMiJfFysRqxw2+U4DWL4v7OZ37yZfTPzdjf7m3l5eUvyHQCaLocAwAxDMg5MQMAARn2lCybqPuieUcfEOAJwurri6yY9X99oGMpPjcdiqbqW" +
    "xfzEWMwMKXo+gaRYRXO8H3JDVhyVtyHW06RrUqznUNgVvz90XlW3KXHfpHcdPrEpVhkSEmP1jAZ4Liager/E53t8uk6Ln9ePMEJIrCeJ9zTA2G" +
    "LEF+3o+M2EYRuOPxgdsYd7qe/Lvs80bGccmzUo+149lgTvdWd/NX/iRLMDsvXLPN84ZefLcKd3LDm4J2/RzBGwy1GbWjw2TIwXTHie8WPZ5bc6" +
    "948JS1+ovidZW7HxyLEbY8PM0QeKAbLCAg6Sgyf1zzzZVeAx5JIR7yHX8A6FRSXGCePM/Z4kTXMun2M4CwPwEB6Q4GYIE/tmaCH+TdBAIh44T9" +
    "weCJDqjfAHMW+Ew8T7CfxMghtgL7FvgO+Jfz3sJJF18BlxrwMvqV4La4l5Lawk3jWQR4IlsIDYSyCH+IshnUSK4A3iLgKJVK+GScS8GkzEK0NC" +
    "S19/Tl9vVW97tOdWYU/wRHct7f5zx/3fWroO5XRVVd3bEw1/Uxj2neisoJ2eHXeLWjoKcjoWV7XnRtvmFLbZT7ROp63ijjvJLaox+hi5izapmT" +
    "tuU29xv9iUm5zfJjdxX9ikRm69Tb3OLbMpDZzLJl/jrDbpKpdqU4Ncok2p5yJW+TLXbJUucXVW9QJ31Kqc5xSrfI7bZZXquE+tai1XYlXOcG6r" +
    "XMPNtUqnuRlW9RSXYlUCHCfKIey2SC3YZFGbscai3MZqi3wL91ukm/i1RW3EcotyA2WLfB0/sEgNmG1Rr+I0i3IFzRY5iAOiVI9hUb2EDaJyEQ" +
    "OifAEPi9J53CuqdbhTVM6iV5RrcaUoncEFonoa00Xlb5RE+RSaRFcA+serLcBpRwfze5zrNdvT+qbKU9G2R6EjWslgY5dzmfbdv/XXKvdFDzwM" +
    "HdBSBvPDTpfW86T+cmVptPif0D6tZqCxw2nVPnxSf65yYXTqg9BurXwgv82Zqh3pr6+pnBJti4S+1KYNNKrORG1w8DE+oa4+7KNKL3ZQ6MXbVO" +
    "7BKzTQjWep1I1/Ud99/J2qXfgrdXXhT1S5hz9QuIffUjmMjAY6cTuVOnET9d3FYqp24HLq6sAlVGnHdym049tUbkMHDbTi61RqRQv13UGeqiq+" +
    "Ql0qwiRlCz6aBFvw/muCt4KVCFIFWyUEt7EVgm8b+0iwb2NuQS1n7wv+cvae4Cpn84RIGZsrKGUsS3CXsTQByphNqN7KZgjyVjZVMG9lVAiUss" +
    "mCt5SlCFIpmyAEvWyc4PMyg2D3IvJqFvuc92exCt6VxUr5SCbz8EomW8e7M1kRD5nsY746gxXwcgZbypsz2GI+kM4W8t50lstL6czJB2ezObxv" +
    "Nsvg7bOZnVfT2Ju8P41N511pbAofcTCRVxxM4N0OlsyDg43nq+3MyMt2lsCnRlad1CKDWX3O7drBp7ubK0PkGc8Fk0b830GyRl95PavL1yDUtc" +
    "1aMcz3EJ9PJp31SYzFzcNcr3N69lBufH4MUejxeN3wMz4eReL/l1kW1HVebAb/B48qPaE=",
};

/** The names of the files. */
export type PyarrowFile = keyof typeof FILES;

/** The bytes of a file. */
export function pyarrowBytes(name: PyarrowFile): Uint8Array {
  const deflated = Uint8Array.from(atob(FILES[name]), (character) => character.charCodeAt(0));
  return new Uint8Array(inflateSync(deflated));
}

/** A file. */
export function pyarrowFile(name: PyarrowFile): FileToDecode {
  return fileOf(pyarrowBytes(name), `${name}.arrow`);
}
