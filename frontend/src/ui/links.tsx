/** Mantine's anchor, button and entry of a navigation as ways to an address of the app, typed by the router. */

import {
  Anchor,
  type AnchorProps,
  Button,
  type ButtonProps,
  Group,
  NavLink,
  type NavLinkProps,
} from "@mantine/core";
import { createLink, type LinkProps } from "@tanstack/react-router";
import type { ReactNode, Ref } from "react";

import { Icon } from "./icons";
import { useKept } from "./listKept";

interface Target {
  tabIndex?: number;
  ref?: Ref<HTMLAnchorElement>;
  children?: ReactNode;
}

export const TextLink = createLink((props: Omit<AnchorProps, "href"> & Target) => <Anchor {...props} />);

/** From one thing to the list that it is in, as that was left. */
export function BackLink({ to, children }: { to: NonNullable<LinkProps["to"]>; children: ReactNode }) {
  return (
    <TextLink to={to} search={useKept(to) as never} size="sm">
      <Group gap={4} component="span">
        <Icon name="back" size={14} />
        {children}
      </Group>
    </TextLink>
  );
}

export const ButtonLink = createLink((props: Omit<ButtonProps, "href"> & Target) => (
  <Button component="a" {...props} />
));

export const PlaceLink = createLink((props: Omit<NavLinkProps, "href"> & Target) => (
  <NavLink component="a" {...props} />
));
