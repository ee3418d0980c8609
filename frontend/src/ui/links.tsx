/** Mantine's anchor, button and entry of a navigation as ways to an address of the app, typed by the router. */

import {
  Anchor,
  type AnchorProps,
  Button,
  type ButtonProps,
  NavLink,
  type NavLinkProps,
} from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import type { ReactNode, Ref } from "react";

interface Target {
  tabIndex?: number;
  ref?: Ref<HTMLAnchorElement>;
  children?: ReactNode;
}

export const TextLink = createLink((props: Omit<AnchorProps, "href"> & Target) => <Anchor {...props} />);

export const ButtonLink = createLink((props: Omit<ButtonProps, "href"> & Target) => (
  <Button component="a" {...props} />
));

export const PlaceLink = createLink((props: Omit<NavLinkProps, "href"> & Target) => (
  <NavLink component="a" {...props} />
));
