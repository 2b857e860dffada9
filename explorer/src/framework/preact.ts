// The view library: the only module that imports it.
export {
  type Attributes,
  type ComponentChildren,
  createContext,
  Fragment,
  h,
  type JSX,
  type RefObject,
  render,
  type VNode,
} from "npm:preact@^11.2";
export {
  useCallback,
  useContext,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
} from "npm:preact@^11.2/hooks";
