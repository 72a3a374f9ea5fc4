# A set transformer: induced points attend to the set, the set to them, a seed to all
# Lee, Lee, Kim, Kosiorek, Choi and Teh (2019), Set transformer
X: 4 x n input
Y: 2 x 1
M: 4 x 3
s: 4 x 1
Q[1..3], K[1..3], V[1..3], F[1..3]: 4 x 4
U: 2 x 4
P1 = softmax((K1 @ X).T @ Q1 @ M / 2)
A1 = M + V1 @ X @ P1
H = A1 + relu(F1 @ A1)
P2 = softmax((K2 @ H).T @ Q2 @ X / 2)
A2 = X + V2 @ H @ P2
E = A2 + relu(F2 @ A2)
P3 = softmax((K3 @ E).T @ Q3 @ s / 2)
A3 = s + V3 @ E @ P3
O = U @ (A3 + relu(F3 @ A3))
loss = sum((O - Y)**2)
