# Capsules with three rounds of routing, for one example: capsule i votes with column i
# Sabour, Frosst and Hinton (2017), Dynamic routing between capsules
u: 3 x 4 input
Y: 1 x 2
W_a, W_b: 5 x 3
c_a, c_b: 5 x 4
V_a = W_a @ u + c_a
V_b = W_b @ u + c_b
B[0] = zeros(2, 4)
repeat r = 1..3:
    C[r] = softmax(B[r-1])
    S_a[r] = sum(C[r][0] * V_a, axis=1)
    S_b[r] = sum(C[r][1] * V_b, axis=1)
    n_a[r] = norm(S_a[r])
    n_b[r] = norm(S_b[r])
    P_a[r] = n_a[r] / (1 + n_a[r]**2) * S_a[r]
    P_b[r] = n_b[r] / (1 + n_b[r]**2) * S_b[r]
    B[r] = B[r-1] + vstack(P_a[r].T @ V_a, P_b[r].T @ V_b)
n = hstack(norm(P_a[3]), norm(P_b[3]))
loss = sum(Y * max(0, 0.9 - n)**2 + 0.5 * (1 - Y) * max(0, n - 0.1)**2)
