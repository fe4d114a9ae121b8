import { getRouteApi, useNavigate, useRouter } from "@tanstack/react-router";
import { SignInPage } from "@/features/identity/sign-in-page";
import { FirstAdminPage, SignUpPage } from "@/features/identity/sign-up-page";
import { forgetReads } from "../offline";

export { ForgotPage, ResetPage, VerifyPage } from "@/features/identity/password-pages";

const signIn = getRouteApi("/sign-in");

export function SignIn() {
  const { from, ended, left } = signIn.useSearch();
  const router = useRouter();
  const enter = () => {
    void forgetReads();
    router.history.push(from ?? "/");
  };
  return <SignInPage ended={ended} left={left} onDone={enter} />;
}

export function SignUp() {
  const navigate = useNavigate();
  return <SignUpPage onDone={() => void navigate({ to: "/welcome" })} />;
}

export function FirstAdmin() {
  const navigate = useNavigate();
  return <FirstAdminPage onDone={() => void navigate({ to: "/welcome" })} />;
}
