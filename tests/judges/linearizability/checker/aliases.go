package main

// stepAlias is the model of one alias.
func stepAlias(state State, o Operation) []State {
	value, there := state["alias"]
	asExpected := o.Expected == nil || value == *o.Expected // "" expects no alias
	switch o.Op + " " + o.Result {
	case "set ok":
		return becomes(asExpected, func() State { return state.with("alias", o.Value) })
	case "set conflict":
		return stays(state, !asExpected)
	case "set maybe":
		if !asExpected {
			return []State{state}
		}
		return []State{state.with("alias", o.Value)}
	case "delete ok":
		if !o.Done {
			return stays(state, !there)
		}
		return becomes(there, func() State { return state.without("alias") })
	case "delete maybe":
		return []State{state.without("alias")}
	case "read ok":
		return stays(state, there && value == o.Got)
	case "read missing":
		return stays(state, !there)
	}
	return nil
}
