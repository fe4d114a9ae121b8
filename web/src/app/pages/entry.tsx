import { getRouteApi, useNavigate, useRouter } from "@tanstack/react-router";
import { SignInPage } from "@/features/identity/sign-in-page";
import { FirstAdminPage, SignUpPage } from "@/features/identity/sign-up-page";
import { forgetReads } from "../offline";

export { ForgotPage, ResetPage, VerifyPage } from "@/features/identity/password-pages";

const signIn = getRouteApi("/sign-in");
const signUp = getRouteApi("/sign-up");

export function SignIn() {
  const { from, ended } = signIn.useSearch();
  const router = useRouter();
  const enter = () => {
    void forgetReads();
    router.history.push(from ?? "/");
  };
  return <SignInPage ended={ended} onDone={enter} />;
}

export function SignUp() {
  const { invite } = signUp.useSearch();
  const navigate = useNavigate();
  return <SignUpPage invite={invite} onDone={() => void navigate({ to: "/welcome" })} />;
}

export function FirstAdmin() {
  const navigate = useNavigate();
  return <FirstAdminPage onDone={() => void navigate({ to: "/welcome" })} />;
}
