// The highlighted languages.
import bash from "npm:highlight.js@~11.11/lib/languages/bash";
import json from "npm:highlight.js@~11.11/lib/languages/json";
import python from "npm:highlight.js@~11.11/lib/languages/python";
import typescript from "npm:highlight.js@~11.11/lib/languages/typescript";
import yaml from "npm:highlight.js@~11.11/lib/languages/yaml";

export const LANGUAGES = { bash, json, python, typescript, yaml };
